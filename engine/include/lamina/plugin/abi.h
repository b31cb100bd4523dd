/* Lamina's plugin ABI: the one boundary between the engine and everything else.
 *
 * C99. A plugin includes this header (or the C++ SDK beside it) and links nothing of the engine.
 * Version 1.x: structs only grow at the end, and what is here keeps its meaning.
 *
 * Rules
 *  - Every struct begins with struct_size, set by whoever fills the struct to sizeof as it was
 * compiled. A reader looks at no member beyond that size.
 *  - Arrays of structs cross as arrays of pointers, so that a struct can grow.
 *  - Operators, kinds, candidates and data formats cross as strings; dtypes as the numbers of
 * lm_dtype.
 *  - Strings are UTF-8, end in NUL and belong to whoever passed them, until the call returns,
 *    unless the member says otherwise.
 *  - No exception crosses. A function that can fail returns an lm_status and writes the reason to
 * its lm_error, which is the caller's and may be NULL.
 *  - A callback may be called from any thread unless its comment says otherwise.
 */
#ifndef LAMINA_PLUGIN_ABI_H
#define LAMINA_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LM_ABI_MAJOR 1
#define LM_ABI_MINOR 0

#define LM_EXPORT __attribute__((visibility("default")))

/* ---- Status ------------------------------------------------------------------------------- */

typedef int32_t lm_status;
enum {
    LM_OK = 0,
    LM_INVALID_ARGUMENT = 1,
    LM_NOT_FOUND = 2,
    LM_UNSUPPORTED = 3, /* the message says why */
    LM_OUT_OF_MEMORY = 4,
    LM_DEVICE_LOST = 5,
    LM_IO = 6,
    LM_CANCELLED = 7,
    LM_INTERNAL = 8
};

typedef struct lm_error {
    uint32_t struct_size;
    lm_status code;
    char message[2040]; /* one sentence or a few lines; always ends in NUL */
} lm_error;

/* ---- Types, attributes, nodes ------------------------------------------------------------- */

typedef int32_t lm_dtype;
enum {
    LM_F32 = 0,
    LM_F64 = 1,
    LM_I32 = 2,
    LM_I64 = 3,
    LM_U8 = 4,
    LM_BOOL = 5, /* one byte, 0 or 1 */
    LM_F16 = 6,
    LM_BF16 = 7
};

enum {
    LM_TENSOR_CONSTANT = 1,
    LM_TENSOR_VARIABLE = 2,
    LM_TENSOR_INPUT = 4,
    LM_TENSOR_KEPT = 8 /* the same in every run, until program_variable_written tells of its slot */
};

/* A tensor's type. Elements are dense, row-major. Does not grow: lm_stored_tensor holds one. */
typedef struct lm_tensor_desc {
    uint32_t struct_size;
    lm_dtype dtype;
    int32_t rank;
    uint32_t flags; /* LM_TENSOR_* */
    const int64_t* dims;
} lm_tensor_desc;

typedef int32_t lm_attr_kind;
enum {
    LM_ATTR_INT = 0,    /* i */
    LM_ATTR_FLOAT = 1,  /* f */
    LM_ATTR_BOOL = 2,   /* i: 0 or 1 */
    LM_ATTR_STRING = 3, /* s; dtypes cross as "f32", "i64", ... */
    LM_ATTR_INTS = 4,   /* ints, count */
    LM_ATTR_FLOATS = 5  /* floats, count */
};

typedef struct lm_attr {
    uint32_t struct_size;
    lm_attr_kind kind;
    const char* name;
    int64_t i;
    double f;
    const char* s;
    const int64_t* ints;
    const double* floats;
    uint64_t count;
} lm_attr;

/* One node of a graph: what an operator, a kernel and a backend are asked about. */
typedef struct lm_node_desc {
    uint32_t struct_size;
    const char* op;
    const char* name;  /* unique in its graph, "conv2d_1/conv" */
    const char* layer; /* the layer that added it, for messages; "" for none */
    uint64_t n_inputs;
    const lm_tensor_desc* const* inputs;
    uint64_t n_outputs; /* 0 while shapes are being inferred */
    const lm_tensor_desc* const* outputs;
    uint64_t n_attrs;
    const lm_attr* const* attrs; /* complete: the engine has filled in the schema's defaults */
} lm_node_desc;

/* ---- Configuration ------------------------------------------------------------------------ */

/* A validated configuration: every key is in the schema, has the right type, and defaults are
 * filled in. Valid during the call it is passed to; for objects with a life of their own, until
 * they are closed. */
typedef struct lm_config lm_config;

/* ---- Graph functions: layer, activation, loss, metric, initializer, regularizer, optimizer,
 * schedule, model --- */

typedef struct lm_graph lm_graph; /* the graph under construction; valid during the call */
typedef int32_t lm_value;         /* a value of that graph; negative: none */

enum { LM_MODE_INFER = 0, LM_MODE_TRAIN = 1 };

typedef struct lm_variable_desc {
    uint32_t struct_size;
    lm_dtype dtype;
    const char* name; /* within the layer: "kernel" */
    int32_t rank;
    int32_t trainable;
    const int64_t* dims;
    const char*
        initializer; /* JSON: "zeros" or {"class_name": ..., "config": {...}}; NULL: zeros */
    const char* regularizer; /* JSON or NULL */
} lm_variable_desc;

typedef struct lm_graph_api {
    uint32_t struct_size;

    /* Adds a node; its name is made from the operator's. The engine infers the outputs' types. */
    lm_status (*add_node)(lm_graph*, const char* op, uint64_t n_attrs, const lm_attr* const* attrs,
                          uint64_t n_inputs, const lm_value* inputs, uint64_t capacity,
                          lm_value* outputs, uint64_t* n_outputs, lm_error*);
    /* The type of a value. dims stays valid until the graph is added to. */
    lm_status (*tensor)(lm_graph*, lm_value, lm_tensor_desc* out, lm_error*);
    lm_status (*constant)(lm_graph*, const lm_tensor_desc* type, const void* data, lm_value* out,
                          lm_error*);
    /* The variable `name` of this layer or of this parameter's optimizer slots; made on first use.
     */
    lm_status (*variable)(lm_graph*, const lm_variable_desc*, lm_value* out, lm_error*);
    /* After the step the variable holds `value`. Readers in this step see the old one. */
    lm_status (*assign)(lm_graph*, lm_value variable, lm_value value, lm_error*);
    /* Adds a scalar to the loss (regularizers). */
    lm_status (*add_loss)(lm_graph*, lm_value scalar, lm_error*);
    /* Applies another graph function. name may be NULL. In a model function, kind "layer" adds a
     * layer. */
    lm_status (*apply)(lm_graph*, const char* kind, const char* class_name, const char* name,
                       const char* config_json, uint64_t n_inputs, const lm_value* inputs,
                       uint64_t capacity, lm_value* outputs, uint64_t* n_outputs, lm_error*);
    /* LM_MODE_TRAIN or LM_MODE_INFER. */
    int32_t (*mode)(lm_graph*);
    /* The operator that made the value ("" for an input) and its first input (or -1). */
    lm_status (*producer)(lm_graph*, lm_value, const char** op, lm_value* first_input, lm_error*);
    /* i64 [3]: seed, step, index of the batch's first sample. What random operators take first. */
    lm_status (*rng_state)(lm_graph*, lm_value* out, lm_error*);
} lm_graph_api;

struct lm_host;

/* A part that adds operators to a graph.
 *
 *   kind         inputs                                  outputs
 *   layer        the layer's inputs                      its outputs
 *   activation   x                                       y, same shape
 *   loss         y_true, y_pred                          loss a sample, [N]
 *   metric       y_true, y_pred                          a value a sample [N], or a batch's sums
 *   initializer  none; config has "_shape"               a value of that shape
 *   regularizer  the weight                              a scalar
 *   optimizer    parameter, gradient, rate, iterations   new parameter; the last two [] f32, from 0
 *   schedule     rate, iterations, epoch: [] f32         the rate, []
 *   model        none                                    the model's, made by apply("layer", ...)
 */
typedef struct lm_graph_function {
    uint32_t struct_size;
    const char* schema; /* JSON, see plugins/README.md */
    const char* doc;    /* a line for lists */
    lm_status (*build)(const struct lm_host*, lm_graph*, const lm_config*, uint64_t n_inputs,
                       const lm_value* inputs, uint64_t capacity, lm_value* outputs,
                       uint64_t* n_outputs, lm_error*);
} lm_graph_function;

/* ---- Operators ---------------------------------------------------------------------------- */

typedef struct lm_cost {
    uint32_t struct_size;
    double flops; /* multiplications and additions count one each */
    double bytes; /* read and written once each */
} lm_cost;

typedef void (*lm_emit_tensor)(void* context, lm_dtype, int32_t rank, const int64_t* dims);

enum {
    LM_OP_ELEMENTWISE =
        1,            /* one output, shaped as the inputs broadcast; may join a fused cluster */
    LM_OP_RANDOM = 2, /* first input is the rng state; the node's name keys the draw */
    LM_OP_VIEW = 4    /* the output has the bytes of input 0: reshape */
};

typedef struct lm_operator {
    uint32_t struct_size;
    uint32_t flags;
    const char* schema; /* JSON of the attributes */
    /* Shapes and dtypes of the outputs, in order. */
    lm_status (*infer)(const struct lm_host*, const lm_node_desc*, void* context, lm_emit_tensor,
                       lm_error*);
    /* The inputs' gradients, written in operators. output_grads holds -1 where none arrives;
     * input_grads is to be filled, -1 for none (zero). NULL: refuses to be differentiated. */
    lm_status (*gradient)(const struct lm_host*, lm_graph*, const lm_node_desc*,
                          const lm_value* inputs, const lm_value* outputs,
                          const lm_value* output_grads, lm_value* input_grads, lm_error*);
    /* The same in simpler operators, for backends that have no kernel. May be NULL. */
    lm_status (*decompose)(const struct lm_host*, lm_graph*, const lm_node_desc*,
                           const lm_value* inputs, lm_value* outputs, lm_error*);
    /* May be NULL: then the bytes of inputs and outputs and one operation an output element. */
    lm_status (*cost)(const struct lm_host*, const lm_node_desc*, lm_cost* out, lm_error*);
} lm_operator;

/* ---- Backends ----------------------------------------------------------------------------- */

typedef struct lm_device lm_device;
typedef struct lm_buffer lm_buffer;
typedef struct lm_program lm_program;
typedef uint64_t lm_token; /* a point on the device's timeline; 0: already passed */

typedef struct lm_device_info {
    uint32_t struct_size;
    const char* name;
    const char* vendor;
    const char* driver;
    const char* type; /* "cpu", "discrete", "integrated", "virtual", "software" */
    uint64_t memory_bytes;
    uint64_t max_buffer_bytes;
    uint64_t alignment;  /* of offsets into a buffer */
    const char* details; /* JSON object: features, limits, identifiers */
} lm_device_info;

/* How a node may be computed. */
typedef struct lm_candidate {
    uint32_t struct_size;
    const char* name;         /* "implicit_gemm"; valid while the device is open */
    double seconds;           /* estimate of the static cost model */
    uint64_t workspace_bytes; /* scratch, granted for the step alone */
    uint64_t packed_bytes;    /* kept by the backend for KEPT operands in another form */
    uint64_t in_place;        /* bit i: an output of the same size may take the memory of input i */
    const char* numerics;     /* "exact", "reassociated" or "transformed" (Winograd, FFT) */
} lm_candidate;

typedef void (*lm_emit_candidate)(void* context, const lm_candidate*);

/* Where a program's memory lies. One buffer is bound to each slot when the program is submitted. */
enum {
    LM_SLOT_ARENA = 0,    /* activations, gradients and workspace of one program */
    LM_SLOT_VARIABLE = 1, /* weights, statistics, optimizer slots */
    LM_SLOT_CONSTANT = 2, /* written once, before the first submit */
    LM_SLOT_INPUT = 3,
    LM_SLOT_OUTPUT = 4
};

typedef struct lm_slot_desc {
    uint32_t struct_size;
    int32_t kind;
    uint64_t bytes;
    const char* name;
} lm_slot_desc;

typedef struct lm_value_desc {
    uint32_t struct_size;
    uint32_t slot;
    uint64_t offset; /* bytes, a multiple of the device's alignment */
    const lm_tensor_desc* tensor;
} lm_value_desc;

typedef struct lm_step_desc {
    uint32_t struct_size;
    uint32_t workspace_slot;
    uint64_t workspace_offset;
    const lm_node_desc* node;
    const char* candidate;
    const uint32_t* inputs;  /* indices into the program's values */
    const uint32_t* outputs; /* as above; an output in place shares its input's slot and offset */
} lm_step_desc;

/* A straight line of steps. The engine has planned the memory: values whose lives overlap do not
 * share bytes. Valid during program_create alone. */
typedef struct lm_program_desc {
    uint32_t struct_size;
    const char* name;
    uint64_t n_slots;
    const lm_slot_desc* const* slots;
    uint64_t n_values;
    const lm_value_desc* const* values;
    uint64_t n_steps;
    const lm_step_desc* const* steps;
} lm_program_desc;

typedef struct lm_memory_info {
    uint32_t struct_size;
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t allocated_bytes; /* by buffer_create, now */
    uint64_t peak_bytes;      /* the most that was allocated at one time */
} lm_memory_info;

struct lm_kernel;

/* One table serves a backend; self is passed back to every call. Calls on one device come from one
 * thread at a time, unless the comment says otherwise. */
typedef struct lm_backend {
    uint32_t struct_size;
    const char* schema;         /* JSON of the options in --backend NAME:key=value */
    const char* doc;            /* a line for lists */
    const char* kernel_payload; /* "host" or "spirv": which lm_kernel it takes; NULL: none */
    lm_status (*create)(const struct lm_host*, void** self, lm_error*);
    void (*destroy)(void* self);
    /* A kernel that some plugin registered for this backend; the table outlives the backend. */
    lm_status (*add_kernel)(void* self, const char* op, const char* name, const struct lm_kernel*,
                            lm_error*);

    /* Without side effects. LM_UNSUPPORTED: the backend is unavailable here, and why. */
    lm_status (*device_count)(void* self, uint64_t* count, lm_error*);
    /* Members stay valid until destroy. */
    lm_status (*device_info)(void* self, uint64_t index, lm_device_info* out, lm_error*);
    /* index: which device; UINT64_MAX: the configuration or the backend chooses. */
    lm_status (*device_open)(void* self, uint64_t index, const lm_config*, lm_device** out,
                             lm_error*);
    void (*device_close)(lm_device*);

    lm_status (*buffer_create)(lm_device*, uint64_t bytes, int32_t slot_kind, lm_buffer** out,
                               lm_error*);
    void (*buffer_destroy)(lm_device*, lm_buffer*); /* waits for work that uses it */
    /* The buffer's bytes, or NULL where the host cannot see them. */
    void* (*buffer_map)(lm_device*, lm_buffer*);
    /* source and target stay the caller's until the token has passed; transfers end in order. */
    lm_status (*write)(lm_device*, lm_buffer*, uint64_t offset, const void* source, uint64_t bytes,
                       lm_token wait, lm_token* signal, lm_error*);
    lm_status (*read)(lm_device*, lm_buffer*, uint64_t offset, void* target, uint64_t bytes,
                      lm_token wait, lm_token* signal, lm_error*);
    lm_status (*memory_info)(lm_device*, lm_memory_info* out, lm_error*);

    /* Candidates for the node, best first; none and LM_UNSUPPORTED with the reason if it cannot. */
    lm_status (*describe)(lm_device*, const lm_node_desc*, void* context, lm_emit_candidate,
                          lm_error*);

    lm_status (*program_create)(lm_device*, const lm_program_desc*, lm_program** out, lm_error*);
    void (*program_destroy)(lm_program*);
    /* What lies in the slot has changed since the last submit, whoever wrote it: pack it anew.
     * NULL: no packed forms are kept. */
    void (*program_variable_written)(lm_program*, uint32_t slot);
    /* Starts the program on these buffers, one a slot, behind those submitted before; returns
     * before it ends where the device can. */
    lm_status (*submit)(lm_program*, lm_buffer* const* buffers, lm_token wait, lm_token* signal,
                        lm_error*);
    /* Blocks until the token has passed. */
    lm_status (*wait)(lm_device*, lm_token, lm_error*);
    /* Runs the program once and writes each step's seconds. */
    lm_status (*profile)(lm_program*, lm_buffer* const* buffers, double* seconds, lm_error*);
    /* Which of the listed devices this one is. */
    uint64_t (*device_index)(lm_device*);
} lm_backend;

/* ---- Kernels ------------------------------------------------------------------------------ */

typedef struct lm_kernel_args {
    uint32_t struct_size;
    const void* const* inputs;
    void* const* outputs;
    void* workspace;
    const struct lm_host* host; /* parallel_for */
    /* As many bytes as the candidate's packed_bytes, in which the state's last run left what it
     * made of KEPT operands; unless it must be made anew. */
    void* packed;
    int32_t pack;
} lm_kernel_args;

enum {
    LM_PASS_RANKS = 1 /* each operand's rank is pushed before its dimensions */
};

/* One dispatch of a kernel whose payload is "spirv". The module's storage buffers are the inputs,
 * then the outputs, then the workspace where describe asks for one, at bindings 0.. of set 0; its
 * entry is "main". */
typedef struct lm_spirv_pass {
    uint32_t struct_size;
    uint32_t flags;        /* LM_PASS_* */
    const uint32_t* spirv; /* declares no capability but Shader */
    uint64_t spirv_words;
    /* Names of attributes, comma-separated; NULL: none. A list gives a word an element, a number of
     * any kind one word: float where the attribute is one, else int. */
    const char* spec_attrs; /* specialisation constants 0.., in this order */
    const char* push_attrs; /* push constants, followed by the dimensions of every operand */
    /* The number of workgroups. */
    lm_status (*dispatch)(const struct lm_host*, const lm_node_desc*, uint32_t groups[3],
                          lm_error*);
} lm_spirv_pass;

/* A kernel of some operator for some backend. Candidates are tried in descending priority among
 * equal estimates of time. */
typedef struct lm_kernel {
    uint32_t struct_size;
    int32_t priority;
    const char* backend;
    const char* op;
    const char* name; /* the candidate's name */

    /* Payload "host". describe fills in cost, workspace and in_place; LM_UNSUPPORTED: why not.
     * prepare makes what run needs (may be NULL); release frees it. run may use any number of
     * threads through host->parallel_for, and must give the same bits for any number. */
    lm_status (*describe)(const struct lm_host*, const lm_node_desc*, lm_candidate* out, lm_error*);
    lm_status (*prepare)(const struct lm_host*, const lm_node_desc*, void** state, lm_error*);
    void (*release)(void* state);
    lm_status (*run)(void* state, const lm_node_desc*, const lm_kernel_args*, lm_error*);

    /* Payload "spirv": describe, and the members of one lm_spirv_pass without flags and
     * specialisation constants ... */
    const uint32_t* spirv;
    uint64_t spirv_words;
    const char* spirv_entry; /* "main" or NULL */
    const char* push_attrs;
    lm_status (*dispatch)(const struct lm_host*, const lm_node_desc*, uint32_t groups[3],
                          lm_error*);

    /* ... or, with the five above NULL, any number of passes; each sees what those before it
     * wrote. */
    uint64_t n_passes;
    const lm_spirv_pass* const* passes;
} lm_kernel;

/* ---- Datasets and augmentations ----------------------------------------------------------- */

typedef struct lm_dataset_info {
    uint32_t struct_size;
    lm_dtype dtype; /* of a sample: u8 for images */
    int32_t rank;
    const int64_t* dims; /* a sample: [H, W, C] */
    uint64_t n_train;
    uint64_t n_test;
    uint64_t n_classes;
    const char* const* class_names; /* n_classes, or NULL */
    double scale;                   /* what the model sees is sample * scale + shift */
    double shift;
    const char* source; /* where it was found, for the log */
} lm_dataset_info;

enum { LM_SPLIT_TRAIN = 0, LM_SPLIT_TEST = 1 };

typedef struct lm_dataset {
    uint32_t struct_size;
    const char* schema;
    const char* doc;
    /* data_dir: "" when not given. */
    lm_status (*open)(const struct lm_host*, const lm_config*, const char* data_dir, void** self,
                      lm_error*);
    void (*close)(void* self);
    /* Members stay valid until close. */
    lm_status (*info)(void* self, lm_dataset_info* out, lm_error*);
    /* Copies one sample and its class. From any thread. */
    lm_status (*read)(void* self, int32_t split, uint64_t index, void* sample, int64_t* label,
                      lm_error*);
} lm_dataset;

/* What a draw for a sample depends on, and on nothing else. */
typedef struct lm_sample_key {
    uint32_t struct_size;
    uint64_t seed;
    uint64_t epoch;
    uint64_t index; /* of the sample in the set */
} lm_sample_key;

/* The training samples, for whoever must know them beforehand. Valid during the call. */
typedef struct lm_samples {
    uint32_t struct_size;
    const lm_tensor_desc* type; /* of a sample: f32 [H, W, C] */
    uint64_t count;
    void* context;
    /* Writes one sample, with the normalizations before this one applied. From any thread. */
    lm_status (*read)(void* context, uint64_t index, float* sample, lm_error*);
} lm_samples;

/* A normalization: it draws nothing, samples to be validated and tested on go through it as well,
 * and what it leaves is what the model sees: the data set's own scale and shift are left out. */
enum { LM_AUGMENT_NORMALIZES = 1 };

/* A change to samples before the model sees them; values are the data set's, as 0 to 255. */
typedef struct lm_augmentation {
    uint32_t struct_size;
    const char* schema;
    const char* doc;
    lm_status (*open)(const struct lm_host*, const lm_config*, void** self, lm_error*);
    void (*close)(void* self);
    /* Changes one sample in place: f32 [H, W, C]. Depends on the key alone. From any thread. NULL
     * where there is affine. */
    lm_status (*apply)(void* self, const lm_tensor_desc* type, float* sample, const lm_sample_key*,
                       lm_error*);

    /* The key that VALUE sets in `--augment NAME=VALUE`; NULL: it takes none. */
    const char* value_key;
    /* The smaller is applied first, whatever the order in which the user names them. */
    int32_t order;
    uint32_t flags; /* LM_AUGMENT_* */
    /* A geometric change draws a matrix here instead, row-major 3x3, and moves no pixel itself: the
     * engine multiplies those that follow each other and samples the picture once, with the user's
     * fill mode and interpolation. It takes (x, y, 1) of the result to the picture's: x to the
     * right, y down, in pixels from the centre. May be NULL. */
    lm_status (*affine)(void* self, const lm_tensor_desc* type, const lm_sample_key*,
                        double* matrix, lm_error*);
    /* Called once, before any apply. NULL: it need not know the samples. */
    lm_status (*fit)(void* self, const lm_samples*, lm_error*);
} lm_augmentation;

/* ---- Formats ------------------------------------------------------------------------------ */

/* What a model file holds: named texts and tensors. */
typedef struct lm_store lm_store;

typedef struct lm_stored_tensor {
    uint32_t struct_size;
    const char* group; /* the layer's name, or "optimizer" */
    const char* name;  /* "kernel" */
    lm_tensor_desc type;
    const void* data;
} lm_stored_tensor;

typedef struct lm_store_api {
    uint32_t struct_size;
    /* Texts: "architecture" (Keras JSON), "training_config", "keras_version", "backend". NULL:
     * absent. */
    const char* (*text)(const lm_store*, const char* key);
    lm_status (*set_text)(lm_store*, const char* key, const char* text, lm_error*);
    uint64_t (*tensor_count)(const lm_store*);
    lm_status (*tensor)(const lm_store*, uint64_t index, lm_stored_tensor* out, lm_error*);
    /* Copies the tensor; data may be NULL: then *target is where to write its bytes. */
    lm_status (*add_tensor)(lm_store*, const lm_stored_tensor*, void** target, lm_error*);
    /* The keys of the texts there are, by index; NULL beyond the last. */
    const char* (*text_key)(const lm_store*, uint64_t index);
} lm_store_api;

typedef struct lm_format {
    uint32_t struct_size;
    const char* schema;
    const char* doc;
    const char* extensions; /* comma-separated, with dots: ".h5,.hdf5" */
    /* 1 when a file that begins with these bytes is of this format. */
    int32_t (*probe)(const char* path, const void* head, uint64_t bytes);
    lm_status (*read)(const struct lm_host*, const lm_config*, const char* path, lm_store*,
                      lm_error*);
    /* Writes to path as given; the engine has chosen a temporary one and renames it. */
    lm_status (*write)(const struct lm_host*, const lm_config*, const char* path, const lm_store*,
                       lm_error*);
} lm_format;

/* ---- Observers (callbacks) ---------------------------------------------------------------- */

typedef struct lm_observer {
    uint32_t struct_size;
    const char* schema;
    const char* doc;
    lm_status (*open)(const struct lm_host*, const lm_config*, void** self, lm_error*);
    void (*close)(void* self);
    /* event: "train_begin", "epoch_begin", "batch_end", "epoch_end", "train_end"; data: a JSON
     * object. LM_CANCELLED ends the training, and is no error. */
    lm_status (*notify)(void* self, const char* event, const char* data, lm_error*);
} lm_observer;

/* ---- The host table ----------------------------------------------------------------------- */

enum { LM_LOG_DEBUG = 0, LM_LOG_INFO = 1, LM_LOG_WARNING = 2, LM_LOG_ERROR = 3 };

typedef struct lm_image {
    uint32_t struct_size;
    int32_t width, height, channels;
    uint8_t* pixels; /* height * width * channels, released by host->free */
} lm_image;

typedef void (*lm_range_fn)(void* context, int64_t begin, int64_t end);

/* What the engine offers to plugins. Valid from init to shutdown. Every function is thread-safe. */
typedef struct lm_host {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;
    const char* version; /* the engine's */
    const lm_graph_api* graph;
    const lm_store_api* store;

    void (*log)(int32_t level, const char* message);
    /* Calls fn on [0, n) cut into chunks of `grain`: the cut depends on n and grain alone. */
    void (*parallel_for)(int64_t n, int64_t grain, lm_range_fn fn, void* context);
    int32_t (*threads)(void);
    void* (*allocate)(uint64_t bytes); /* 64-byte aligned; NULL when there is none */
    void (*free)(void*);

    /* Configuration by key ("rate") or path ("kernel_initializer/config/seed").
     * LM_NOT_FOUND: absent or null. Texts live as long as the configuration. */
    lm_status (*config_int)(const lm_config*, const char* key, int64_t* out);
    lm_status (*config_float)(const lm_config*, const char* key, double* out);
    lm_status (*config_bool)(const lm_config*, const char* key, int32_t* out);
    lm_status (*config_string)(const lm_config*, const char* key, const char** out);
    /* A number counts as a list of one. count: how many there are, even beyond capacity. */
    lm_status (*config_ints)(const lm_config*, const char* key, uint64_t capacity, int64_t* out,
                             uint64_t* count);
    /* Any value as JSON text. */
    lm_status (*config_json)(const lm_config*, const char* key, const char** out);

    /* The user's folder for downloads. */
    const char* (*cache_folder)(void);
    /* Decodes PNG, JPEG or WebP. channels: 1, 3, 4, or 0 for the file's own. */
    lm_status (*decode_image)(const void* bytes, uint64_t size, int32_t channels, lm_image* out,
                              lm_error*);
    /* Reads a file whole, through gzip where it is gzip. Released by free. */
    lm_status (*read_file)(const char* path, void** bytes, uint64_t* size, lm_error*);
    /* Downloads to path unless a file with this SHA-256 is there. The digest may be the file's or,
     * for gzip, that of its content, so that any mirror's compression will do; "" checks nothing.
     */
    lm_status (*fetch)(const char* url, const char* sha256, const char* path, lm_error*);
    /* Where the product's own data lies ("share/lamina"). */
    const char* (*data_folder)(void);
    /* Scales a picture, as Pillow does. method: "nearest" or "bilinear". out->pixels is released by
     * free. */
    lm_status (*resize_image)(const lm_image*, int32_t width, int32_t height, const char* method,
                              lm_image* out, lm_error*);
} lm_host;

/* ---- The entry ---------------------------------------------------------------------------- */

typedef struct lm_registrar {
    uint32_t struct_size;
    void* context;
    /* kind: "backend", "operator", "kernel", "layer", "activation", "loss", "metric",
     * "initializer", "regularizer", "optimizer", "schedule", "model", "dataset", "augmentation",
     * "format", "callback". The table must live until shutdown. A kernel's name is
     * "op/backend/name". */
    lm_status (*add)(void* context, const char* kind, const char* name, const void* table,
                     lm_error*);
} lm_registrar;

typedef struct lm_plugin {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor; /* LM_ABI_* as compiled */
    const char* name;
    const char* version;
    lm_status (*init)(const lm_host*, const lm_registrar*, lm_error*);
    void (*shutdown)(void); /* may be NULL */
} lm_plugin;

/* Every plugin exports this one symbol. */
#define LM_ENTRY_SYMBOL "lamina_plugin"
LM_EXPORT const lm_plugin* lamina_plugin(void);

/* The manifest lies in this ELF section: JSON objects, one a line. The first has
 * {"lamina_abi": "1.0", "name": ..., "version": ...}; each further one {"kind": ..., "name": ...}.
 */
#define LM_MANIFEST_SECTION ".lamina.manifest"

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LAMINA_PLUGIN_ABI_H */
