// A plugin in Rust, of one file and nothing but the compiler: the activation `bent`,
// (sqrt(x^2 + 1) - 1) / 2 + x. The types are those of lamina/plugin/abi.h, as far as they are used.
#![allow(non_camel_case_types)]
use std::ffi::{c_char, c_void, CStr};
use std::ptr::{null, null_mut};

type lm_status = i32;
type lm_value = i32;
const LM_OK: lm_status = 0;
const LM_INVALID_ARGUMENT: lm_status = 1;

#[repr(C)]
pub struct lm_error {
    struct_size: u32,
    code: lm_status,
    message: [u8; 2040],
}

#[repr(C)]
pub struct lm_tensor_desc {
    struct_size: u32,
    dtype: i32,
    rank: i32,
    flags: u32,
    dims: *const i64,
}

type add_node_fn = extern "C" fn(
    graph: *mut c_void,
    op: *const c_char,
    n_attrs: u64,
    attrs: *const c_void,
    n_inputs: u64,
    inputs: *const lm_value,
    capacity: u64,
    outputs: *mut lm_value,
    n_outputs: *mut u64,
    error: *mut lm_error,
) -> lm_status;
type constant_fn = extern "C" fn(
    graph: *mut c_void,
    desc: *const lm_tensor_desc,
    data: *const c_void,
    out: *mut lm_value,
    error: *mut lm_error,
) -> lm_status;

#[repr(C)]
pub struct lm_graph_api {
    struct_size: u32,
    add_node: add_node_fn,
    tensor: *const c_void,
    constant: constant_fn,
    // more follows, which is not used
}

#[repr(C)]
pub struct lm_host {
    struct_size: u32,
    abi_major: u16,
    abi_minor: u16,
    version: *const c_char,
    graph: *const lm_graph_api,
    // more follows, which is not used
}

type build_fn = extern "C" fn(
    host: *const lm_host,
    graph: *mut c_void,
    config: *const c_void,
    n_inputs: u64,
    inputs: *const lm_value,
    capacity: u64,
    outputs: *mut lm_value,
    n_outputs: *mut u64,
    error: *mut lm_error,
) -> lm_status;

#[repr(C)]
pub struct lm_graph_function {
    struct_size: u32,
    schema: *const c_char,
    doc: *const c_char,
    build: build_fn,
}
unsafe impl Sync for lm_graph_function {}

#[repr(C)]
pub struct lm_registrar {
    struct_size: u32,
    context: *mut c_void,
    add: extern "C" fn(*mut c_void, *const c_char, *const c_char, *const c_void, *mut lm_error) -> lm_status,
}

#[repr(C)]
pub struct lm_plugin {
    struct_size: u32,
    abi_major: u16,
    abi_minor: u16,
    name: *const c_char,
    version: *const c_char,
    init: extern "C" fn(*const lm_host, *const lm_registrar, *mut lm_error) -> lm_status,
    shutdown: *const c_void,
}
unsafe impl Sync for lm_plugin {}

/// A graph under construction, as Rust would have it: the first failure ends the building.
struct Graph {
    api: &'static lm_graph_api,
    graph: *mut c_void,
    error: *mut lm_error,
}

impl Graph {
    fn node(&self, op: &CStr, inputs: &[lm_value]) -> Result<lm_value, lm_status> {
        let (mut out, mut count) = (-1, 0u64);
        match (self.api.add_node)(
            self.graph, op.as_ptr(), 0, null(), inputs.len() as u64, inputs.as_ptr(), 1, &mut out, &mut count, self.error,
        ) {
            LM_OK => Ok(out),
            failed => Err(failed),
        }
    }
    fn scalar(&self, value: f32) -> Result<lm_value, lm_status> {
        let desc = lm_tensor_desc {
            struct_size: size_of::<lm_tensor_desc>() as u32, dtype: 0, rank: 0, flags: 0, dims: null(),
        };
        let mut out = -1;
        match (self.api.constant)(self.graph, &desc, &value as *const f32 as *const c_void, &mut out, self.error) {
            LM_OK => Ok(out),
            failed => Err(failed),
        }
    }
}

fn bent(g: &Graph, x: lm_value) -> Result<lm_value, lm_status> {
    let square = g.node(c"mul", &[x, x])?;
    let root = g.node(c"sqrt", &[g.node(c"add", &[square, g.scalar(1.0)?])?])?;
    let half = g.node(c"mul", &[g.node(c"sub", &[root, g.scalar(1.0)?])?, g.scalar(0.5)?])?;
    g.node(c"add", &[half, x])
}

extern "C" fn build(
    host: *const lm_host, graph: *mut c_void, _config: *const c_void, n_inputs: u64, inputs: *const lm_value,
    capacity: u64, outputs: *mut lm_value, n_outputs: *mut u64, error: *mut lm_error,
) -> lm_status {
    if n_inputs != 1 || capacity < 1 {
        return LM_INVALID_ARGUMENT;
    }
    let g = unsafe { Graph { api: &*(*host).graph, graph, error } };
    match bent(&g, unsafe { *inputs }) {
        Ok(y) => unsafe {
            *outputs = y;
            *n_outputs = 1;
            LM_OK
        },
        Err(status) => status,
    }
}

static BENT: lm_graph_function = lm_graph_function {
    struct_size: size_of::<lm_graph_function>() as u32,
    schema: c"{}".as_ptr(),
    doc: c"(sqrt(x^2 + 1) - 1) / 2 + x".as_ptr(),
    build,
};

extern "C" fn init(_host: *const lm_host, registrar: *const lm_registrar, error: *mut lm_error) -> lm_status {
    let r = unsafe { &*registrar };
    (r.add)(r.context, c"activation".as_ptr(), c"bent".as_ptr(), &BENT as *const _ as *const c_void, error)
}

static PLUGIN: lm_plugin = lm_plugin {
    struct_size: size_of::<lm_plugin>() as u32,
    abi_major: 0,
    abi_minor: 1, // what it was written for; later minors load it
    name: c"acme_rust".as_ptr(),
    version: c"1.0.0".as_ptr(),
    init,
    shutdown: null_mut(),
};

#[no_mangle]
pub extern "C" fn lamina_plugin() -> *const lm_plugin {
    &PLUGIN
}

const TEXT: &[u8] = b"{\"lamina_abi\": \"0.1\", \"name\": \"acme_rust\", \"version\": \"1.0.0\"}\n\
                      {\"kind\": \"activation\", \"name\": \"bent\"}\n";
#[used]
#[link_section = ".lamina.manifest"]
static MANIFEST: [u8; TEXT.len()] = {
    let mut copy = [0; TEXT.len()];
    let mut i = 0;
    while i < TEXT.len() {
        copy[i] = TEXT[i];
        i += 1;
    }
    copy
};
