// Lengths of rows apart from their directions; see `decompose.rs`.
#include "common.cuh"

// One block for each row.
extern "C" __global__ void row_norms(float *dst, const float *src, int width) {
    src += (size_t)blockIdx.x * width;
    double sum = 0;
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        sum += (double)src[at] * src[at];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        dst[blockIdx.x] = (float)sqrt(sum);
    }
}

// Blocks by row and column.
extern "C" __global__ void scale_columns(float *dst, const float *src, const float *factors,
                                         int width, long long dst_apart, long long src_apart) {
    const int at = column();
    if (at < width) {
        dst[blockIdx.x * dst_apart + at] = src[blockIdx.x * src_apart + at] * factors[at];
    }
}

// A block for 32 columns; its warps share the rows.
extern "C" __global__ void add_column_products(float *dst, const float *one, const float *other,
                                               const float *divisors, int rows, int width,
                                               long long one_apart, long long other_apart) {
    __shared__ double parts[WARP][WARP];
    const int at = blockIdx.x * WARP + lane_of_warp(), warps = blockDim.x / WARP;
    double sum = 0;
    for (int row = warp_of_block(); at < width && row < rows; row += warps) {
        sum += (double)one[row * one_apart + at] * other[row * other_apart + at];
    }
    parts[warp_of_block()][lane_of_warp()] = sum;
    __syncthreads();
    if (warp_of_block() > 0 || at >= width) {
        return;
    }
    for (int warp = 1; warp < warps; warp++) {
        sum += parts[warp][lane_of_warp()];
    }
    dst[at] += (float)(sum / divisors[at]);
}
