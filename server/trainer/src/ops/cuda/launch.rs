//! Kernels with their arguments and grids.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use candle_core::cuda_backend::cudarc::driver::sys::CUfunction_attribute_enum;
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, LaunchConfig, PushKernelArg as _};
use candle_core::cuda_backend::{CudaDevice, CudaError, DeviceId, WrapErr as _};
use candle_core::{Error, Result, bail};

use super::memory::Pointer;

/// The kernels of one file of `kernels`, as PTX.
#[derive(Clone, Copy)]
pub(super) struct Module {
    name: &'static str,
    ptx: &'static str,
}

macro_rules! module {
    ($name:literal) => {
        Module {
            name: concat!("trainer-", $name),
            ptx: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".ptx")),
        }
    };
}

pub(super) const ADAMW: Module = module!("adamw");
pub(super) const ATTENTION: Module = module!("attention");
pub(super) const ATTENTION_BACKWARD: Module = module!("attention_backward");
pub(super) const ATTENTION_CACHED: Module = module!("attention_cached");
pub(super) const ATTENTION_TENSOR: Module = module!("attention_tensor");
pub(super) const ATTENTION_TENSOR_BACKWARD: Module = module!("attention_tensor_backward");
pub(super) const DECOMPOSE: Module = module!("decompose");
pub(super) const DROPOUT: Module = module!("dropout");
pub(super) const GEMM: Module = module!("gemm");
pub(super) const GLU: Module = module!("glu");
pub(super) const HEAD: Module = module!("head");
pub(super) const NORM: Module = module!("norm");
pub(super) const ROPE: Module = module!("rope");
pub(super) const ROWS: Module = module!("rows");
pub(super) const WEIGHT_GRADIENTS: Module = module!("weight_gradients");

/// The kernels of one file that were started on a device, by name.
type Started = HashMap<String, CudaFunction>;

/// All of them; the driver would otherwise be asked for each start of each kernel.
static STARTED: LazyLock<Mutex<HashMap<(DeviceId, &str), Started>>> = LazyLock::new(Mutex::default);

/// Threads of a warp.
pub(super) const WARP: usize = 32;
/// Threads of a block.
pub(super) const THREADS: usize = 256;
/// Bytes of shared memory that a block has without asking, less what a kernel declares itself.
const SHARED_BYTES: usize = (48 - 8) * 1024;

/// How many blocks a kernel has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    blocks: (usize, usize),
    threads: usize,
    /// Bytes of shared memory of each block, whose size the kernel does not know.
    shared: usize,
}

impl Grid {
    /// A block for each.
    pub(super) const fn blocks(count: usize) -> Self {
        Self::of(count, 1)
    }

    /// A block for each pair.
    pub(super) const fn of(first: usize, second: usize) -> Self {
        Self {
            blocks: (first, second),
            threads: THREADS,
            shared: 0,
        }
    }

    /// A thread for each.
    pub(super) const fn threads(count: usize) -> Self {
        Self::blocks(count.div_ceil(THREADS))
    }

    /// A warp for each.
    pub(super) const fn warps(count: usize) -> Self {
        Self::blocks(count.div_ceil(THREADS / WARP))
    }

    /// A thread for each element of a matrix.
    pub(super) const fn matrix(rows: usize, columns: usize) -> Self {
        Self::of(rows, columns.div_ceil(THREADS))
    }

    /// A thread for every few elements of a large matrix, as `for_columns` of `common.cuh` takes
    /// them.
    pub(super) const fn large(rows: usize, columns: usize) -> Self {
        const AT_ONCE: usize = 4;
        Self::matrix(rows, columns.div_ceil(AT_ONCE))
    }

    /// The same with so many threads in a block.
    pub(super) const fn by(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The same with room for so many words that a block shares.
    pub(super) const fn sharing(self, words: usize) -> Self {
        Self {
            shared: words * size_of::<u32>(),
            ..self
        }
    }
}

enum Argument {
    Pointer(u64),
    Int(i32),
    Wide(i64),
    Float(f32),
}

/// A kernel that is about to start. Arguments come in the kernel's order.
pub(super) struct Launch<'a> {
    device: &'a CudaDevice,
    module: Module,
    name: &'a str,
    arguments: Vec<Argument>,
    /// A number that is too large for its argument.
    too_large: Option<usize>,
}

impl<'a> Launch<'a> {
    /// The kernel of that name.
    pub(super) const fn new(device: &'a CudaDevice, module: Module, name: &'a str) -> Self {
        Self {
            device,
            module,
            name,
            arguments: Vec::new(),
            too_large: None,
        }
    }

    /// Adds a pointer to numbers of the device.
    pub(super) fn pointer(mut self, pointer: Pointer) -> Self {
        self.arguments.push(Argument::Pointer(pointer.address()));
        self
    }

    /// Adds an `int`.
    pub(super) fn int(mut self, number: usize) -> Self {
        if let Ok(number) = i32::try_from(number) {
            self.arguments.push(Argument::Int(number));
        } else {
            self.too_large = Some(number);
        }
        self
    }

    /// Adds a `long long`.
    pub(super) fn wide(mut self, number: usize) -> Self {
        self.arguments
            .push(Argument::Wide((number as u64).cast_signed()));
        self
    }

    /// Adds a `float`.
    pub(super) fn float(mut self, number: f32) -> Self {
        self.arguments.push(Argument::Float(number));
        self
    }

    /// Starts the kernel; of no blocks it starts none. What it reads and writes must lie within the
    /// tensors that its pointers came from, which stay until the stream has come so far.
    pub(super) fn run(self, grid: Grid) -> Result<()> {
        if let Some(number) = self.too_large {
            bail!("{number} is too large for the kernel {}", self.name);
        }
        let (Ok(across), Ok(down)) = (grid.blocks.0.try_into(), u16::try_from(grid.blocks.1))
        else {
            bail!("{grid:?} is too large for the kernel {}", self.name);
        };
        if across == 0 || down == 0 {
            return Ok(());
        }
        let stream = self.device.cuda_stream();
        // Any thread may start kernels, also one that used no device before.
        stream.context().bind_to_thread().w()?;
        let function = self.function()?;
        if grid.shared > SHARED_BYTES {
            let attribute =
                CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            let Ok(shared) = i32::try_from(grid.shared) else {
                bail!("{grid:?} is too large for the kernel {}", self.name);
            };
            function
                .set_attribute(attribute, shared)
                .map_err(|error| self.explain(error.into(), grid))?;
        }
        let mut builder = stream.launch_builder(&function);
        for argument in &self.arguments {
            match argument {
                Argument::Pointer(number) => builder.arg(number),
                Argument::Int(number) => builder.arg(number),
                Argument::Wide(number) => builder.arg(number),
                Argument::Float(number) => builder.arg(number),
            };
        }
        let config = LaunchConfig {
            grid_dim: (across, u32::from(down), 1),
            block_dim: (grid.threads as u32, 1, 1),
            shared_mem_bytes: grid.shared as u32,
        };
        #[expect(unsafe_code, reason = "starts a kernel")]
        // SAFETY: the arguments are the kernel's in kind, number and order, as its caller says; all
        // pointers are into memory that is freed on this stream, so behind this kernel.
        unsafe { builder.launch(config) }
            .map(|_| ())
            .map_err(|error| self.explain(error.into(), grid))
    }

    fn function(&self) -> Result<CudaFunction> {
        let Self { name, module, .. } = self;
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let started = started.entry((self.device.id(), module.name)).or_default();
        if let Some(function) = started.get(*name) {
            return Ok(function.clone());
        }
        let function = self
            .device
            .get_or_load_custom_func(name, module.name, module.ptx)?
            .into_cuda_function();
        started.insert((*name).to_owned(), function.clone());
        Ok(function)
    }

    fn explain(&self, error: CudaError, grid: Grid) -> Error {
        let Self { name, .. } = self;
        Error::from(error).context(format!("the kernel {name} cannot start with {grid:?}"))
    }
}
