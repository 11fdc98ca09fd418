// Attention over packed segments, forward (Dao 2023, FlashAttention-2).
#include "attention.cuh"

// Blocks by head and tile; `tiles` are a segment and a row each, those that see most first.
// `COLUMNS` warps cover a head.
template <int COLUMNS>
__device__ void forward(float *out, float *lse, const float *qkv, const Segment *segments,
                        const int *tiles, Heads shape) {
    extern __shared__ float scratch[];
    __shared__ float weights[TILE][TILE];
    const int dim = shape.dim, apart = dim + 1, width = shape.width();
    float *queries = scratch, *others = queries + TILE * dim;
    const int segment = tiles[2 * blockIdx.y], first = tiles[2 * blockIdx.y + 1];
    const int head = blockIdx.x, kv_head = head / shape.group();
    const Segment own = segments[segment];
    const int count = min(TILE, own.end - first);
    const int position = own.height + first - own.start, last = position + count;
    const int lane = lane_of_warp(), warp_row = warp_of_block() * OWN;

    for (int row = warp_of_block(); row < TILE; row += WARPS) {
        const float *query = qkv + (size_t)(first + row) * width + head * dim;
        load_row(queries + row * dim, query, dim, row < count);
    }
    float result[OWN][COLUMNS] = {}, sums[OWN] = {}, maxima[OWN];
    for (int row = 0; row < OWN; row++) {
        maxima[row] = -INFINITY;
    }
    for (int start = max(0, position + 1 - shape.window); start < last; start += TILE) {
        const auto load = [&](int column) {
            __syncthreads();
            load_seen(others, qkv, column, segments, segment, start, last, shape);
            __syncthreads();
        };
        load(shape.key_column(kv_head));
        float scores[OWN];
        products(scores, queries + warp_row * dim, others + lane * apart, dim);
        for (int row = 0; row < OWN; row++) {
            const bool seen = warp_row + row < count &&
                              shape.sees(position + warp_row + row, start + lane);
            const float score = seen ? scores[row] * shape.scale : -INFINITY;
            const float maximum = fmaxf(maxima[row], warp_max(score));
            const float power = seen ? expf(score - maximum) : 0;
            // Nothing was seen as long as the maximum is infinite.
            const float keep = maxima[row] == -INFINITY ? 0 : expf(maxima[row] - maximum);
            sums[row] = sums[row] * keep + warp_sum(power);
            maxima[row] = maximum;
            for (int part = 0; part < COLUMNS; part++) {
                result[row][part] *= keep;
            }
            weights[warp_row + row][lane] = power;
        }
        load(shape.value_column(kv_head));
        add_weighted<COLUMNS>(result, weights + warp_row, others, apart, dim);
    }
    for (int row = 0; row < OWN && warp_row + row < count; row++) {
        const size_t place = (size_t)(first + warp_row + row) * shape.heads + head;
        store_row<COLUMNS>(out + place * dim, result[row], 1 / sums[row], dim);
        if (lane == 0) {
            lse[place] = maxima[row] + logf(sums[row]);
        }
    }
}

#define KERNEL(COLUMNS)                                                                           \
    extern "C" __global__ void __launch_bounds__(WARPS * WARP)                                    \
        attention_##COLUMNS(float *out, float *lse, const float *qkv, const Segment *segments,    \
                            const int *tiles, int heads, int kv_heads, int dim, int window,       \
                            float scale) {                                                        \
        forward<COLUMNS>(out, lse, qkv, segments, tiles, {heads, kv_heads, dim, window, scale});  \
    }
KERNEL(1)
KERNEL(2)
KERNEL(3)
KERNEL(4)
KERNEL(8)
