/// What vkFFT.h wants of glslang: the shader that it would compile is kept instead, for glslc. (The
/// header's own way does not compile against Debian's glslang, whose limits are more than it
/// lists.)
#pragma once

#include <stddef.h>
#include <stdint.h>

enum glslang_source_t { GLSLANG_SOURCE_GLSL };
enum glslang_stage_t { GLSLANG_STAGE_COMPUTE };
enum glslang_client_t { GLSLANG_CLIENT_VULKAN };
enum glslang_target_client_version_t { GLSLANG_TARGET_VULKAN_1_0, GLSLANG_TARGET_VULKAN_1_1 };
enum glslang_target_language_t { GLSLANG_TARGET_SPV };
enum glslang_target_language_version_t { GLSLANG_TARGET_SPV_1_0, GLSLANG_TARGET_SPV_1_3 };
enum glslang_profile_t { GLSLANG_NO_PROFILE };
enum glslang_messages_t {
    GLSLANG_MSG_DEFAULT_BIT,
    GLSLANG_MSG_SPV_RULES_BIT,
    GLSLANG_MSG_VULKAN_RULES_BIT
};

struct glslang_resource_t {
    int maxima[93];
    struct {
        bool each[9];
    } limits;
};

struct glslang_input_t {
    glslang_source_t language;
    glslang_stage_t stage;
    glslang_client_t client;
    glslang_target_client_version_t client_version;
    glslang_target_language_t target_language;
    glslang_target_language_version_t target_language_version;
    const char* code;
    int default_version;
    glslang_profile_t default_profile;
    int force_default_version_and_profile;
    int forward_compatible;
    glslang_messages_t messages;
    const glslang_resource_t* resource;
};

struct glslang_shader_t;
struct glslang_program_t;

int glslang_initialize_process();
void glslang_finalize_process();
glslang_shader_t* glslang_shader_create(const glslang_input_t*);
void glslang_shader_delete(glslang_shader_t*);
int glslang_shader_preprocess(glslang_shader_t*, const glslang_input_t*);
int glslang_shader_parse(glslang_shader_t*, const glslang_input_t*);
const char* glslang_shader_get_info_log(glslang_shader_t*);
glslang_program_t* glslang_program_create();
void glslang_program_delete(glslang_program_t*);
void glslang_program_add_shader(glslang_program_t*, glslang_shader_t*);
int glslang_program_link(glslang_program_t*, int messages);
const char* glslang_program_get_info_log(glslang_program_t*);
void glslang_program_SPIRV_generate(glslang_program_t*, glslang_stage_t);
const char* glslang_program_SPIRV_get_messages(glslang_program_t*);
uint32_t* glslang_program_SPIRV_get_ptr(glslang_program_t*);
size_t glslang_program_SPIRV_get_size(glslang_program_t*);
