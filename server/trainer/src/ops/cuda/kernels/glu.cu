// The gated linear unit, forward and backward; formulas in `glu.rs`.
#include "common.cuh"

// e^-u; not infinite, so that its product with σ(u) = 1/(1 + e^-u) is a number.
__device__ inline float power(float u) { return expf(fminf(-u, 88.0f)); }

// √(8/π), and the cubic term of GELU's approximation.
constexpr float SLOPE = 1.5957692f, CUBIC = 0.044715f;

struct Silu {
    static __device__ float inner(float a) { return a; }
    static __device__ float slope(float a) { return 1; }
};

struct GeluTanh {
    static __device__ float inner(float a) { return SLOPE * (a + CUBIC * a * a * a); }
    static __device__ float slope(float a) { return SLOPE * (1 + 3 * CUBIC * a * a); }
};

// Blocks by row and column of the result.
template <typename Gate>
__device__ void forward(float *__restrict__ dst, const float *__restrict__ gate_up, int width) {
    const size_t row = blockIdx.x;
    for_columns(width, [&](int at) {
        const float a = gate_up[2 * row * width + at];
        const float b = gate_up[(2 * row + 1) * width + at];
        dst[row * width + at] = a / (1 + power(Gate::inner(a))) * b;
    });
}

template <typename Gate>
__device__ void backward(float *__restrict__ dst, const float *__restrict__ dh,
                         const float *__restrict__ gate_up, int width) {
    const size_t row = blockIdx.x;
    for_columns(width, [&](int at) {
        const size_t gate = 2 * row * width + at, up = (2 * row + 1) * width + at;
        const float a = gate_up[gate], b = gate_up[up], g = dh[row * width + at];
        const float p = power(Gate::inner(a)), sigmoid = 1 / (1 + p);
        // Where 1 - σ(u) would lose its digits, p·σ(u) does not.
        dst[gate] = g * b * sigmoid * (1 + a * Gate::slope(a) * (p * sigmoid));
        dst[up] = g * a * sigmoid;
    });
}

extern "C" __global__ void swiglu(float *dst, const float *gate_up, int width) {
    forward<Silu>(dst, gate_up, width);
}

extern "C" __global__ void geglu(float *dst, const float *gate_up, int width) {
    forward<GeluTanh>(dst, gate_up, width);
}

extern "C" __global__ void swiglu_backward(float *dst, const float *dh, const float *gate_up,
                                           int width) {
    backward<Silu>(dst, dh, gate_up, width);
}

extern "C" __global__ void geglu_backward(float *dst, const float *dh, const float *gate_up,
                                          int width) {
    backward<GeluTanh>(dst, dh, gate_up, width);
}
