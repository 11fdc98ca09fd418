// What all kernels share: sums over a warp and over a block.
//
// No kernel adds through atomics, so that a result never depends on the order of threads. Blocks
// that sum have a whole number of warps, and all their threads call together.
#pragma once

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

__device__ inline int lane_of_warp() { return threadIdx.x % WARP; }

__device__ inline int warp_of_block() { return threadIdx.x / WARP; }

// The number of a thread where each thread has one element.
__device__ inline size_t element() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }

// The column of a thread where blocks lie in rows and columns of a matrix.
__device__ inline int column() { return blockIdx.y * blockDim.x + threadIdx.x; }

// Numbers that a thread of a large matrix works on, so that their loads are under way together.
constexpr int AT_ONCE = 4;

// Calls `each` with the columns of a thread where such blocks lie in rows and columns of a matrix.
template <typename Each>
__device__ void for_columns(int width, Each each) {
    const int first = blockIdx.y * blockDim.x * AT_ONCE + threadIdx.x;
#pragma unroll
    for (int part = 0; part < AT_ONCE; part++) {
        const int at = first + part * blockDim.x;
        if (at < width) {
            each(at);
        }
    }
}

template <typename Number>
__device__ Number warp_sum(Number value) {
    for (int step = WARP / 2; step > 0; step /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, step);
    }
    return value;
}

__device__ inline float warp_max(float value) {
    for (int step = WARP / 2; step > 0; step /= 2) {
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

// The sum over a block, for all its threads.
template <typename Number>
__device__ Number block_sum(Number value) {
    __shared__ Number parts[WARP];
    value = warp_sum(value);
    // Whoever reads an earlier sum is done.
    __syncthreads();
    if (lane_of_warp() == 0) {
        parts[warp_of_block()] = value;
    }
    __syncthreads();
    Number sum = 0;
    for (int warp = 0; warp < blockDim.x / WARP; warp++) {
        sum += parts[warp];
    }
    return sum;
}
