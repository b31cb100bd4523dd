/* A plugin in C99: the ABI's header is all that it needs. It brings the activation
 * `cubic`, x + scale * x^3, and refuses inputs that are not f32. */
#include <stdio.h>
#include <string.h>

#include "lamina/plugin/abi.h"

static lm_status fail(lm_error* error, lm_status code, const char* message) {
    if (error != NULL) {
        error->code = code;
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return code;
}

/* Adds a node with one output. */
static lm_status node(const lm_host* host, lm_graph* graph, const char* op, lm_value a, lm_value b,
                      lm_value* out, lm_error* error) {
    const lm_value inputs[2] = {a, b};
    uint64_t count = 0;
    return host->graph->add_node(graph, op, 0, NULL, 2, inputs, 1, out, &count, error);
}

static lm_status build(const lm_host* host, lm_graph* graph, const lm_config* config,
                       uint64_t n_inputs, const lm_value* inputs, uint64_t capacity,
                       lm_value* outputs, uint64_t* n_outputs, lm_error* error) {
    if (n_inputs != 1 || capacity < 1)
        return fail(error, LM_INVALID_ARGUMENT, "expected one input");
    lm_tensor_desc type;
    memset(&type, 0, sizeof type);
    type.struct_size = sizeof type;
    lm_status status = host->graph->tensor(graph, inputs[0], &type, error);
    if (status != LM_OK)
        return status;
    if (type.dtype != LM_F32)
        return fail(error, LM_INVALID_ARGUMENT, "cubic: expected f32");
    double scale = 0;
    host->config_float(config, "scale", &scale);

    const float factor = (float)scale;
    lm_tensor_desc scalar;
    memset(&scalar, 0, sizeof scalar);
    scalar.struct_size = sizeof scalar;
    scalar.dtype = LM_F32;
    lm_value constant = -1, square = -1, cube = -1, scaled = -1;
    if ((status = host->graph->constant(graph, &scalar, &factor, &constant, error)) != LM_OK ||
        (status = node(host, graph, "mul", inputs[0], inputs[0], &square, error)) != LM_OK ||
        (status = node(host, graph, "mul", square, inputs[0], &cube, error)) != LM_OK ||
        (status = node(host, graph, "mul", cube, constant, &scaled, error)) != LM_OK ||
        (status = node(host, graph, "add", inputs[0], scaled, &outputs[0], error)) != LM_OK)
        return status;
    *n_outputs = 1;
    return LM_OK;
}

static const lm_graph_function cubic = {
    sizeof(lm_graph_function),
    "{\"scale\": {\"type\": \"float\", \"default\": 0.1}}",
    "x + scale * x^3",
    build,
};

static lm_status init(const lm_host* host, const lm_registrar* registrar, lm_error* error) {
    (void)host;
    return registrar->add(registrar->context, "activation", "cubic", &cubic, error);
}

static const lm_plugin plugin = {
    sizeof(lm_plugin), LM_ABI_MAJOR, LM_ABI_MINOR, "acme_c99", "1.0.0", init, NULL,
};

const lm_plugin* lamina_plugin(void) { return &plugin; }

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
__attribute__((section(LM_MANIFEST_SECTION), used)) static const char manifest[] =
    "{\"lamina_abi\": \"" NUMBER(LM_ABI_MAJOR) "." NUMBER(LM_ABI_MINOR) "\", "
    "\"name\": \"acme_c99\", \"version\": \"1.0.0\"}\n"
    "{\"kind\": \"activation\", \"name\": \"cubic\"}\n";
