// Attention over packed segments on tensor cores, backward; formulas in `attention_backward.rs`,
// blocks and sums as in `attention_backward.cu`.
#include "attention_tensor.cuh"

struct Saved {
    const float *dout, *qkv, *lse, *delta;
};

// Blocks by head and tile, as forward.
template <int DIM>
__device__ void of_queries(float *dqkv, Saved saved, const Segment *segments, const int *tiles,
                           Heads shape) {
    // As many as registers hold; so below.
    constexpr int KEYS = DIM <= 64 ? 64 : 32;
    extern __shared__ unsigned scratch[];
    const Straight<Half, DIM, KEYS> keys{scratch};
    const Straight<Brain, DIM, KEYS> values{keys.end()};
    const Flipped<Brain, DIM, KEYS> keys_flipped{values.end()};
    const int dim = shape.dim, width = shape.width();
    const int segment = tiles[2 * blockIdx.y], first = tiles[2 * blockIdx.y + 1];
    const int head = blockIdx.x, kv_head = head / shape.group();
    const Segment own = segments[segment];
    const int count = min(OWN_ROWS, own.end - first);
    const int position = own.height + first - own.start, last = position + count;
    const int row = row_of_lane();

    const auto place_of = [&](int row) { return (size_t)(first + row) * shape.heads + head; };
    unsigned queries[DIM / 16][4], dout[DIM / 16][4];
    load_left<Half, DIM>(queries, dim, [&](int row) {
        return row < count ? saved.qkv + (size_t)(first + row) * width + head * dim : nullptr;
    });
    load_left<Brain, DIM>(dout, dim, [&](int row) {
        return row < count ? saved.dout + place_of(row) * dim : nullptr;
    });
    float lse[2] = {}, delta[2] = {};
    for (int half = 0; half < 2 && row + 8 * half < count; half++) {
        lse[half] = saved.lse[place_of(row + 8 * half)] * LOG2_E;
        delta[half] = saved.delta[place_of(row + 8 * half)];
    }
    float result[DIM / 8][4] = {};
    for (int start = max(0, position + 1 - shape.window); start < last; start += KEYS) {
        const Rows<KEYS> seen([&](int row) {
            const bool is_there = start + row < last;
            const size_t from = is_there ? row_at(segments, segment, start + row) : 0;
            return is_there ? saved.qkv + from * width : nullptr;
        });
        const Loaded<DIM, KEYS> key(seen, shape.key_column(kv_head), dim);
        const Loaded<DIM, KEYS> value(seen, shape.value_column(kv_head), dim);
        // Whoever reads the last tile is done.
        __syncthreads();
        key.store(keys);
        key.store(keys_flipped);
        value.store(values);
        __syncthreads();
        float scores[KEYS / 8][4] = {}, gradients[KEYS / 8][4] = {};
        for (int step = 0; step < DIM / 16; step++) {
            add_products<KEYS / 8>(scores, queries[step], keys, step);
            add_products<KEYS / 8>(gradients, dout[step], values, step);
        }
        for (int tile = 0; tile < KEYS / 8; tile++) {
            for (int at = 0; at < 4; at++) {
                const int half = at / 2, key = start + tile * 8 + column_of_lane() + at % 2;
                const bool seen =
                    row + 8 * half < count && shape.sees(position + row + 8 * half, key);
                const float score = scores[tile][at] * shape.scale * LOG2_E;
                const float p = seen ? exp2f(score - lse[half]) : 0;
                scores[tile][at] = p * (gradients[tile][at] - delta[half]);
            }
        }
        add_weighted<DIM / 8>(result, scores, keys_flipped);
    }
    for (int half = 0; half < 2 && row + 8 * half < count; half++) {
        float *to = dqkv + (size_t)(first + row + 8 * half) * width + head * dim;
        store_half<DIM>(to, result, half, shape.scale, dim);
    }
}

// Blocks by key head and piece of work, as in `attention_backward.cu`; the results of products have
// keys as rows and queries as columns.
template <int DIM>
__device__ void of_keys(float *dqkv, float *parts, Saved saved, const Segment *segments,
                        const Piece *pieces, const int *below, Heads shape) {
    constexpr int QUERIES = 32;
    extern __shared__ unsigned scratch[];
    __shared__ float lse[QUERIES], delta[QUERIES];
    const Straight<Half, DIM, OWN_ROWS> keys{scratch};
    const Straight<Brain, DIM, OWN_ROWS> values{keys.end()};
    const Straight<Half, DIM, QUERIES> queries{values.end()};
    const Straight<Brain, DIM, QUERIES> dout{queries.end()};
    const Flipped<Brain, DIM, QUERIES> queries_flipped{dout.end()};
    const Flipped<Brain, DIM, QUERIES> dout_flipped{queries_flipped.end()};
    const int dim = shape.dim, width = shape.width();
    const Piece piece = pieces[blockIdx.y];
    const int segment = piece.segment, first = piece.first, kv_head = blockIdx.x;
    const Segment own = segments[segment];
    const int count = min(OWN_ROWS, own.end - first);
    const int position = own.height + first - own.start;
    const int row = row_of_lane();

    const Rows<OWN_ROWS> own_rows([&](int row) {
        return row < count ? saved.qkv + (size_t)(first + row) * width : nullptr;
    });
    Loaded<DIM, OWN_ROWS>(own_rows, shape.key_column(kv_head), dim).store(keys);
    Loaded<DIM, OWN_ROWS>(own_rows, shape.value_column(kv_head), dim).store(values);
    float dk[DIM / 8][4] = {}, dv[DIM / 8][4] = {};
    for (int place = piece.start; place < piece.end; place++) {
        const Segment other = segments[below[place]];
        int start = below[place] == segment ? first : other.start;
        for (; start < other.end; start += QUERIES) {
            const int query = other.height + start - other.start;
            if (query - (position + count - 1) >= shape.window) {
                break;
            }
            for (int in_group = 0; in_group < shape.group(); in_group++) {
                const int head = kv_head * shape.group() + in_group;
                const auto place_of = [=](int row) {
                    return (size_t)(start + row) * shape.heads + head;
                };
                const Rows<QUERIES> seeing([&](int row) {
                    const size_t from = start + row;
                    return from < other.end ? saved.qkv + from * width : nullptr;
                });
                const Rows<QUERIES> seeing_dout([&](int row) {
                    return start + row < other.end ? saved.dout + place_of(row) * dim : nullptr;
                });
                const Loaded<DIM, QUERIES> query_loaded(seeing, head * dim, dim);
                const Loaded<DIM, QUERIES> dout_loaded(seeing_dout, 0, dim);
                // Whoever reads the last tile is done.
                __syncthreads();
                query_loaded.store(queries);
                query_loaded.store(queries_flipped);
                dout_loaded.store(dout);
                dout_loaded.store(dout_flipped);
                if (threadIdx.x < QUERIES) {
                    const bool is_there = start + threadIdx.x < other.end;
                    const size_t at = is_there ? place_of(threadIdx.x) : 0;
                    lse[threadIdx.x] = is_there ? saved.lse[at] * LOG2_E : 0;
                    delta[threadIdx.x] = is_there ? saved.delta[at] : 0;
                }
                __syncthreads();
                float scores[QUERIES / 8][4] = {}, gradients[QUERIES / 8][4] = {};
                for (int step = 0; step < DIM / 16; step++) {
                    unsigned left[4];
                    left_of(left, keys, step);
                    add_products<QUERIES / 8>(scores, left, queries, step);
                    left_of(left, values, step);
                    add_products<QUERIES / 8>(gradients, left, dout, step);
                }
                for (int tile = 0; tile < QUERIES / 8; tile++) {
                    for (int at = 0; at < 4; at++) {
                        const int key = row + at / 2 * 8;
                        const int column = tile * 8 + column_of_lane() + at % 2;
                        const bool seen = start + column < other.end && key < count &&
                                          shape.sees(query + column, position + key);
                        const float score = scores[tile][at] * shape.scale * LOG2_E;
                        const float p = seen ? exp2f(score - lse[column]) : 0;
                        scores[tile][at] = p;
                        gradients[tile][at] = p * (gradients[tile][at] - delta[column]);
                    }
                }
                add_weighted<DIM / 8>(dv, scores, dout_flipped);
                add_weighted<DIM / 8>(dk, gradients, queries_flipped);
            }
        }
    }
    for (int half = 0; half < 2 && row + 8 * half < count; half++) {
        const Target to =
            target_of<OWN_ROWS>(dqkv, parts, piece, row + 8 * half, kv_head, shape);
        store_half<DIM>(to.key, dk, half, shape.scale, dim);
        store_half<DIM>(to.value, dv, half, 1, dim);
    }
}

#define BOUNDS(DIM) __launch_bounds__(TEAM * WARP, BLOCKS<DIM>)
#define KERNELS(DIM)                                                                              \
    extern "C" __global__ void BOUNDS(DIM) attention_tensor_queries_##DIM(                        \
        float *dqkv, const float *dout, const float *qkv, const float *lse, const float *delta,   \
        const Segment *segments, const int *tiles, int heads, int kv_heads, int dim, int window,  \
        float scale) {                                                                            \
        of_queries<DIM>(dqkv, {dout, qkv, lse, delta}, segments, tiles,                           \
                        {heads, kv_heads, dim, window, scale});                                   \
    }                                                                                             \
    extern "C" __global__ void BOUNDS(DIM) attention_tensor_keys_##DIM(                           \
        float *dqkv, const float *dout, const float *qkv, const float *lse, const float *delta,   \
        const Segment *segments, const Piece *pieces, const int *below, float *parts, int heads,  \
        int kv_heads, int dim, int window, float scale) {                                         \
        of_keys<DIM>(dqkv, parts, {dout, qkv, lse, delta}, segments, pieces, below,               \
                     {heads, kv_heads, dim, window, scale});                                      \
    }
KERNELS(64)
KERNELS(128)
