// What products need besides cuBLAS; see `gemm/mod.rs`.
#include "common.cuh"

// Rounds a matrix to bfloat16, to the nearest and of two to the even one, without gaps. Blocks by
// row and column.
extern "C" __global__ void round_to_bfloat16(unsigned short *__restrict__ dst,
                                             const float *__restrict__ src, int width,
                                             long long apart) {
    for_columns(width, [&](int at) {
        const unsigned bits = __float_as_uint(src[blockIdx.x * apart + at]);
        const bool is_number = (bits & 0x7fffffffu) <= 0x7f800000u;
        const unsigned rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
        dst[(size_t)blockIdx.x * width + at] = is_number ? rounded : 0x7fc0u;
    });
}
