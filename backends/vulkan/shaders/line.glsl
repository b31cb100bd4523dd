// One thread for each of a line of elements, over one or two dimensions of workgroups.
layout(local_size_x_id = 0) in;

uint line_index() {
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    return group * gl_WorkGroupSize.x + gl_LocalInvocationIndex;
}
