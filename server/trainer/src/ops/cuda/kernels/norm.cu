// RMSNorm of rows and of heads, forward and backward; formulas in `norm.rs` and `head_norm.rs`.
#include "common.cuh"

// One block for each row.
extern "C" __global__ void rms_norm(float *dst, const float *x, const float *weight, float eps,
                                    int width) {
    const size_t first = (size_t)blockIdx.x * width;
    dst += first;
    x += first;
    float squares = 0;
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        squares += x[at] * x[at];
    }
    const float r = 1 / sqrtf(block_sum(squares) / width + eps);
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        dst[at] = x[at] * r * weight[at];
    }
}

// One block for each row.
extern "C" __global__ void rms_norm_backward_add(float *dx, const float *g, const float *x,
                                                 const float *weight, float eps, int width) {
    const size_t first = (size_t)blockIdx.x * width;
    dx += first;
    g += first;
    x += first;
    float squares = 0, products = 0;
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        squares += x[at] * x[at];
        products += g[at] * x[at] * weight[at];
    }
    const float r = 1 / sqrtf(block_sum(squares) / width + eps);
    const float along = r * r * r * block_sum(products) / width;
    for (int at = threadIdx.x; at < width; at += blockDim.x) {
        dx[at] += r * weight[at] * g[at] - x[at] * along;
    }
}

// One warp for each head of each row, `heads` of the queries, then as many keys and values.
extern "C" __global__ void head_norm(float *dst, const float *raw, const float *query,
                                     const float *key, float eps, int rows, int heads,
                                     int kv_heads, int dim) {
    const size_t task = element() / WARP;
    const int in_row = heads + 2 * kv_heads;
    if (task >= (size_t)rows * in_row) {
        return;
    }
    const int head = task % in_row;
    dst += task * dim;
    raw += task * dim;
    if (head >= heads + kv_heads) {
        for (int at = lane_of_warp(); at < dim; at += WARP) {
            dst[at] = raw[at];
        }
        return;
    }
    const float *weight = head < heads ? query : key;
    float squares = 0;
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        squares += raw[at] * raw[at];
    }
    const float r = 1 / sqrtf(warp_sum(squares) / dim + eps);
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        dst[at] = raw[at] * r * weight[at];
    }
}

// One warp for each head of each row, as above.
extern "C" __global__ void head_norm_backward(float *d, const float *raw, const float *query,
                                              const float *key, float eps, int rows, int heads,
                                              int kv_heads, int dim) {
    const size_t task = element() / WARP;
    const int in_row = heads + 2 * kv_heads;
    const int head = task % in_row;
    if (task >= (size_t)rows * in_row || head >= heads + kv_heads) {
        return;
    }
    d += task * dim;
    raw += task * dim;
    const float *weight = head < heads ? query : key;
    float squares = 0, products = 0;
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        squares += raw[at] * raw[at];
        products += d[at] * raw[at] * weight[at];
    }
    const float r = 1 / sqrtf(warp_sum(squares) / dim + eps);
    const float along = r * r * r * warp_sum(products) / dim;
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        d[at] = r * weight[at] * d[at] - raw[at] * along;
    }
}
