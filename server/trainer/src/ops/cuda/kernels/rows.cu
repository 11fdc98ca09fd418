// Gathering, scattering, copying, adding and scaling rows; see `rows.rs` and `scale.rs`.
//
// Blocks lie by row and column, but where a kernel has `count`: there each thread has one element.
#include "common.cuh"

extern "C" __global__ void gather_rows(float *dst, const float *src, const unsigned *rows,
                                       int width) {
    const int at = column();
    if (at < width) {
        dst[(size_t)blockIdx.x * width + at] = src[(size_t)rows[blockIdx.x] * width + at];
    }
}

// The same from bfloat16, whose bits are the upper half of a float's.
extern "C" __global__ void gather_rows_bfloat16(float *dst, const unsigned short *src,
                                                const unsigned *rows, int width) {
    const int at = column();
    if (at < width) {
        const unsigned bits = src[(size_t)rows[blockIdx.x] * width + at];
        dst[(size_t)blockIdx.x * width + at] = __uint_as_float(bits << 16);
    }
}

extern "C" __global__ void scatter_rows(float *dst, const float *src, const unsigned *rows,
                                        const float *factors, int width) {
    const int at = column();
    if (at < width) {
        const float value = factors[blockIdx.x] * src[(size_t)blockIdx.x * width + at];
        dst[(size_t)rows[blockIdx.x] * width + at] = value;
    }
}

extern "C" __global__ void copy_rows(float *dst, const float *src, int width,
                                     long long dst_apart, long long src_apart) {
    const int at = column();
    if (at < width) {
        dst[blockIdx.x * dst_apart + at] = src[blockIdx.x * src_apart + at];
    }
}

extern "C" __global__ void add(float *dst, const float *src, long long count) {
    const size_t at = element();
    if (at < count) {
        dst[at] += src[at];
    }
}

extern "C" __global__ void add_to_rows(float *dst, const float *row, int width) {
    const int at = column();
    if (at < width) {
        dst[(size_t)blockIdx.x * width + at] += row[at];
    }
}

extern "C" __global__ void fill(float *dst, float value, long long count) {
    const size_t at = element();
    if (at < count) {
        dst[at] = value;
    }
}

extern "C" __global__ void scale(float *x, float factor, long long count) {
    const size_t at = element();
    if (at < count) {
        x[at] *= factor;
    }
}

// Blocks by stored row and column; each of `places` is a row, a slot and a position.
extern "C" __global__ void store_rows(float *cache, const float *kv, const unsigned *places,
                                      int slots, int kv_heads, int capacity, int dim,
                                      long long apart) {
    const int at = column();
    if (at >= 2 * kv_heads * dim) {
        return;
    }
    const unsigned *place = places + 3 * (size_t)blockIdx.x;
    const int part = at / (kv_heads * dim), head = at / dim % kv_heads;
    const size_t block = ((size_t)part * slots + place[1]) * kv_heads + head;
    cache[(block * capacity + place[2]) * dim + at % dim] = kv[place[0] * apart + at];
}
