// Attention of new tokens over a cache of keys and values; see `attention_cached.rs`.
#include "attention.cuh"

struct Cache {
    int slots, capacity;
};

// Blocks by row and head; `places` are a slot and how many positions of it the row sees. Each warp
// takes every eighth position; what the warps found is put together in their order.
template <int COLUMNS>
__device__ void attend(float *out, const float *q, const float *cache, const int *places,
                       int q_width, Cache in, Heads shape) {
    extern __shared__ float results[];
    __shared__ float maxima[WARPS], sums[WARPS];
    const int dim = shape.dim, head = blockIdx.y, lane = lane_of_warp(), warp = warp_of_block();
    const int slot = places[2 * blockIdx.x], length = places[2 * blockIdx.x + 1];
    const size_t start = ((size_t)slot * shape.kv_heads + head / shape.group()) * in.capacity * dim;
    const float *keys = cache + start;
    const float *values = keys + (size_t)in.slots * shape.kv_heads * in.capacity * dim;
    q += (size_t)blockIdx.x * q_width + head * dim;

    float query[COLUMNS], result[COLUMNS] = {}, sum = 0, maximum = -INFINITY;
    for (int part = 0; part < COLUMNS; part++) {
        const int at = part * WARP + lane;
        query[part] = at < dim ? q[at] * shape.scale : 0;
    }
    for (int position = max(0, length - shape.window) + warp; position < length;
         position += WARPS) {
        float score = 0;
        for (int part = 0; part < COLUMNS; part++) {
            const int at = part * WARP + lane;
            score += at < dim ? query[part] * keys[(size_t)position * dim + at] : 0;
        }
        score = warp_sum(score);
        const float larger = fmaxf(maximum, score);
        const float keep = expf(maximum - larger), power = expf(score - larger);
        sum = sum * keep + power;
        maximum = larger;
        for (int part = 0; part < COLUMNS; part++) {
            const int at = part * WARP + lane;
            const float value = at < dim ? values[(size_t)position * dim + at] : 0;
            result[part] = result[part] * keep + power * value;
        }
    }
    store_row<COLUMNS>(results + warp * dim, result, 1, dim);
    if (lane == 0) {
        maxima[warp] = maximum;
        sums[warp] = sum;
    }
    __syncthreads();
    float largest = maxima[0];
    for (int other = 1; other < WARPS; other++) {
        largest = fmaxf(largest, maxima[other]);
    }
    float total = 0;
    for (int other = 0; other < WARPS; other++) {
        total += expf(maxima[other] - largest) * sums[other];
    }
    for (int at = threadIdx.x; at < dim; at += WARPS * WARP) {
        float number = 0;
        for (int other = 0; other < WARPS; other++) {
            number += expf(maxima[other] - largest) * results[other * dim + at];
        }
        out[((size_t)blockIdx.x * shape.heads + head) * dim + at] = number / total;
    }
}

#define KERNEL(COLUMNS)                                                                           \
    extern "C" __global__ void __launch_bounds__(WARPS * WARP) attention_cached_##COLUMNS(        \
        float *out, const float *q, const float *cache, const int *places, int q_width,           \
        int slots, int capacity, int heads, int kv_heads, int dim, int window, float scale) {     \
        attend<COLUMNS>(out, q, cache, places, q_width, {slots, capacity},                        \
                        {heads, kv_heads, dim, window, scale});                                   \
    }
KERNEL(1)
KERNEL(2)
KERNEL(3)
KERNEL(4)
KERNEL(8)
