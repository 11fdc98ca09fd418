// Attention over packed segments on tensor cores, forward (Dao 2023, FlashAttention-2).
#include "attention_tensor.cuh"

// Blocks by head and tile, as in `attention.cu`.
template <int DIM>
__device__ void forward(float *out, float *lse, const float *qkv, const Segment *segments,
                        const int *tiles, Heads shape) {
    constexpr int KEYS = 64;
    extern __shared__ unsigned scratch[];
    const Straight<Half, DIM, KEYS> keys{scratch};
    const Flipped<Half, DIM, KEYS> values{keys.end()};
    const int dim = shape.dim, width = shape.width();
    const int segment = tiles[2 * blockIdx.y], first = tiles[2 * blockIdx.y + 1];
    const int head = blockIdx.x, kv_head = head / shape.group();
    const Segment own = segments[segment];
    const int count = min(OWN_ROWS, own.end - first);
    const int position = own.height + first - own.start, last = position + count;
    const int row = row_of_lane();
    const float scale = shape.scale * LOG2_E;

    unsigned queries[DIM / 16][4];
    load_left<Half, DIM>(queries, dim, [&](int row) {
        return row < count ? qkv + (size_t)(first + row) * width + head * dim : nullptr;
    });
    float result[DIM / 8][4] = {}, sums[2] = {}, maxima[2] = {-INFINITY, -INFINITY};
    for (int start = max(0, position + 1 - shape.window); start < last; start += KEYS) {
        const Rows<KEYS> seen([&](int row) {
            const bool is_there = start + row < last;
            const size_t from = is_there ? row_at(segments, segment, start + row) : 0;
            return is_there ? qkv + from * width : nullptr;
        });
        const Loaded<DIM, KEYS> key(seen, shape.key_column(kv_head), dim);
        const Loaded<DIM, KEYS> value(seen, shape.value_column(kv_head), dim);
        // Whoever reads the last tile is done.
        __syncthreads();
        key.store(keys);
        value.store(values);
        __syncthreads();
        float scores[KEYS / 8][4] = {};
        for (int step = 0; step < DIM / 16; step++) {
            add_products<KEYS / 8>(scores, queries[step], keys, step);
        }
        for (int half = 0; half < 2; half++) {
            const int own_row = row + 8 * half;
            float maximum = maxima[half];
            for (int tile = 0; tile < KEYS / 8; tile++) {
                for (int side = 0; side < 2; side++) {
                    const int key = start + tile * 8 + column_of_lane() + side;
                    const bool seen = own_row < count && shape.sees(position + own_row, key);
                    float &score = scores[tile][2 * half + side];
                    score = seen ? score * scale : -INFINITY;
                    maximum = fmaxf(maximum, score);
                }
            }
            maximum = quad_max(maximum);
            // Nothing was seen as long as the maximum is infinite.
            const float base = maximum == -INFINITY ? 0 : maximum;
            const float keep = exp2f(maxima[half] - base);
            sums[half] *= keep;
            maxima[half] = maximum;
            for (int tile = 0; tile < KEYS / 8; tile++) {
                for (int side = 0; side < 2; side++) {
                    float &score = scores[tile][2 * half + side];
                    score = exp2f(score - base);
                    sums[half] += score;
                }
            }
            for (int tile = 0; tile < DIM / 8; tile++) {
                result[tile][2 * half] *= keep;
                result[tile][2 * half + 1] *= keep;
            }
        }
        add_weighted<DIM / 8>(result, scores, values);
    }
    for (int half = 0; half < 2; half++) {
        const float sum = quad_sum(sums[half]);
        const int own_row = row + 8 * half;
        if (own_row < count) {
            const size_t place = (size_t)(first + own_row) * shape.heads + head;
            store_half<DIM>(out + place * dim, result, half, 1 / sum, dim);
            if (lane_of_warp() % 4 == 0) {
                lse[place] = maxima[half] * LN_2 + logf(sum);
            }
        }
    }
}

#define KERNEL(DIM)                                                                               \
    extern "C" __global__ void __launch_bounds__(TEAM * WARP, BLOCKS<DIM>)                        \
        attention_tensor_##DIM(float *out, float *lse, const float *qkv, const Segment *segments, \
                               const int *tiles, int heads, int kv_heads, int dim, int window,    \
                               float scale) {                                                     \
        forward<DIM>(out, lse, qkv, segments, tiles, {heads, kv_heads, dim, window, scale});      \
    }
KERNEL(64)
KERNEL(128)
