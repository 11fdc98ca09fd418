// Attention over packed segments, backward; formulas in `attention_backward.rs`.
//
// Queries get their gradient tile by tile over the keys, and keys and values theirs over all rows
// that see them, so that each number is summed by one thread in one order.
#include "attention.cuh"

// δ = rowsum(dO ∘ O): one warp for each head of each row.
extern "C" __global__ void attention_delta(float *delta, const float *out, const float *dout,
                                           int rows, int heads, int dim) {
    const size_t task = element() / WARP;
    if (task >= (size_t)rows * heads) {
        return;
    }
    float sum = 0;
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        sum += out[task * dim + at] * dout[task * dim + at];
    }
    sum = warp_sum(sum);
    if (lane_of_warp() == 0) {
        delta[task] = sum;
    }
}

struct Saved {
    const float *dout, *qkv, *lse, *delta;
};

// Blocks by head and tile, as forward.
template <int COLUMNS>
__device__ void of_queries(float *dqkv, Saved saved, const Segment *segments, const int *tiles,
                           Heads shape) {
    extern __shared__ float scratch[];
    __shared__ float weights[TILE][TILE];
    const int dim = shape.dim, apart = dim + 1, width = shape.width();
    float *queries = scratch, *dout = queries + TILE * dim;
    float *keys = dout + TILE * dim, *values = keys + TILE * apart;
    const int segment = tiles[2 * blockIdx.y], first = tiles[2 * blockIdx.y + 1];
    const int head = blockIdx.x, kv_head = head / shape.group();
    const Segment own = segments[segment];
    const int count = min(TILE, own.end - first);
    const int position = own.height + first - own.start, last = position + count;
    const int lane = lane_of_warp(), warp_row = warp_of_block() * OWN;

    for (int row = warp_of_block(); row < TILE; row += WARPS) {
        const size_t from = first + row;
        const bool is_there = row < count;
        load_row(queries + row * dim, saved.qkv + from * width + head * dim, dim, is_there);
        load_row(dout + row * dim, saved.dout + (from * shape.heads + head) * dim, dim, is_there);
    }
    float result[OWN][COLUMNS] = {}, lse[OWN] = {}, delta[OWN] = {};
    for (int row = 0; row < OWN && warp_row + row < count; row++) {
        const size_t place = (size_t)(first + warp_row + row) * shape.heads + head;
        lse[row] = saved.lse[place];
        delta[row] = saved.delta[place];
    }
    for (int start = max(0, position + 1 - shape.window); start < last; start += TILE) {
        __syncthreads();
        load_seen(keys, saved.qkv, shape.key_column(kv_head), segments, segment, start, last, shape);
        load_seen(values, saved.qkv, shape.value_column(kv_head), segments, segment, start, last,
                  shape);
        __syncthreads();
        float scores[OWN], gradients[OWN];
        products(scores, queries + warp_row * dim, keys + lane * apart, dim);
        products(gradients, dout + warp_row * dim, values + lane * apart, dim);
        for (int row = 0; row < OWN; row++) {
            const bool seen = warp_row + row < count &&
                              shape.sees(position + warp_row + row, start + lane);
            const float p = seen ? expf(scores[row] * shape.scale - lse[row]) : 0;
            weights[warp_row + row][lane] = p * (gradients[row] - delta[row]);
        }
        __syncwarp();
        add_weighted<COLUMNS>(result, weights + warp_row, keys, apart, dim);
    }
    for (int row = 0; row < OWN && warp_row + row < count; row++) {
        float *to = dqkv + (size_t)(first + warp_row + row) * width + head * dim;
        store_row<COLUMNS>(to, result[row], shape.scale, dim);
    }
}

// Blocks by key head and piece of work. At the places of a piece, `below` names segments that see
// the tile's; one of them may be that segment itself.
template <int COLUMNS>
__device__ void of_keys(float *dqkv, float *parts, Saved saved, const Segment *segments,
                        const Piece *pieces, const int *below, Heads shape) {
    extern __shared__ float scratch[];
    __shared__ float p_weights[TILE][TILE], ds_weights[TILE][TILE];
    const int dim = shape.dim, apart = dim + 1, width = shape.width();
    float *keys = scratch, *values = keys + TILE * dim;
    float *queries = values + TILE * dim, *dout = queries + TILE * apart;
    const Piece piece = pieces[blockIdx.y];
    const int segment = piece.segment, first = piece.first, kv_head = blockIdx.x;
    const Segment own = segments[segment];
    const int count = min(TILE, own.end - first);
    const int position = own.height + first - own.start;
    const int lane = lane_of_warp(), warp_row = warp_of_block() * OWN;

    for (int row = warp_of_block(); row < TILE; row += WARPS) {
        const float *from = saved.qkv + (size_t)(first + row) * width;
        load_row(keys + row * dim, from + shape.key_column(kv_head), dim, row < count);
        load_row(values + row * dim, from + shape.value_column(kv_head), dim, row < count);
    }
    float dk[OWN][COLUMNS] = {}, dv[OWN][COLUMNS] = {};
    for (int place = piece.start; place < piece.end; place++) {
        const Segment other = segments[below[place]];
        int start = below[place] == segment ? first : other.start;
        for (; start < other.end; start += TILE) {
            const int query = other.height + start - other.start;
            if (query - (position + count - 1) >= shape.window) {
                break;
            }
            for (int in_group = 0; in_group < shape.group(); in_group++) {
                const int head = kv_head * shape.group() + in_group;
                __syncthreads();
                for (int row = warp_of_block(); row < TILE; row += WARPS) {
                    const size_t from = start + row;
                    const bool is_there = from < other.end;
                    load_row(queries + row * apart, saved.qkv + from * width + head * dim, dim,
                             is_there);
                    load_row(dout + row * apart, saved.dout + (from * shape.heads + head) * dim,
                             dim, is_there);
                }
                __syncthreads();
                const bool is_there = start + lane < other.end;
                const size_t at = (size_t)(start + lane) * shape.heads + head;
                const float lse = is_there ? saved.lse[at] : 0;
                const float delta = is_there ? saved.delta[at] : 0;
                float scores[OWN], gradients[OWN];
                products(scores, keys + warp_row * dim, queries + lane * apart, dim);
                products(gradients, values + warp_row * dim, dout + lane * apart, dim);
                for (int row = 0; row < OWN; row++) {
                    const bool seen = is_there && warp_row + row < count &&
                                      shape.sees(query + lane, position + warp_row + row);
                    const float p = seen ? expf(scores[row] * shape.scale - lse) : 0;
                    p_weights[warp_row + row][lane] = p;
                    ds_weights[warp_row + row][lane] = p * (gradients[row] - delta);
                }
                __syncwarp();
                add_weighted<COLUMNS>(dv, p_weights + warp_row, dout, apart, dim);
                add_weighted<COLUMNS>(dk, ds_weights + warp_row, queries, apart, dim);
            }
        }
    }
    for (int row = 0; row < OWN && warp_row + row < count; row++) {
        const Target to = target_of<TILE>(dqkv, parts, piece, warp_row + row, kv_head, shape);
        store_row<COLUMNS>(to.key, dk[row], shape.scale, dim);
        store_row<COLUMNS>(to.value, dv[row], 1, dim);
    }
}

// Sums the parts of the rows of a tile that several pieces of work share: blocks by key head and
// such tile, of which `sums` has the segment, the first row, the first part and the last one's
// successor.
extern "C" __global__ void attention_key_parts(float *dqkv, const float *parts,
                                               const Segment *segments, const int *sums, int tile,
                                               int heads, int kv_heads, int dim, int window,
                                               float scale) {
    const Heads shape = {heads, kv_heads, dim, window, scale};
    const int *sum = sums + 4 * blockIdx.y, kv_head = blockIdx.x;
    const int count = min(tile, segments[sum[0]].end - sum[1]);
    for (int at = threadIdx.x; at < count * 2 * dim; at += blockDim.x) {
        const int row = at / (2 * dim), number = at % (2 * dim);
        float total = 0;
        for (int part = sum[2]; part < sum[3]; part++) {
            total += parts[(((size_t)part * kv_heads + kv_head) * tile + row) * 2 * dim + number];
        }
        const int column =
            number < dim ? shape.key_column(kv_head) : shape.value_column(kv_head) - dim;
        dqkv[(size_t)(sum[1] + row) * shape.width() + column + number] = total;
    }
}

#define KERNELS(COLUMNS)                                                                          \
    extern "C" __global__ void __launch_bounds__(WARPS * WARP) attention_queries_##COLUMNS(       \
        float *dqkv, const float *dout, const float *qkv, const float *lse, const float *delta,   \
        const Segment *segments, const int *tiles, int heads, int kv_heads, int dim, int window,  \
        float scale) {                                                                            \
        of_queries<COLUMNS>(dqkv, {dout, qkv, lse, delta}, segments, tiles,                       \
                            {heads, kv_heads, dim, window, scale});                               \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(WARPS * WARP) attention_keys_##COLUMNS(          \
        float *dqkv, const float *dout, const float *qkv, const float *lse, const float *delta,   \
        const Segment *segments, const Piece *pieces, const int *below, float *parts, int heads,  \
        int kv_heads, int dim, int window, float scale) {                                         \
        of_keys<COLUMNS>(dqkv, parts, {dout, qkv, lse, delta}, segments, pieces, below,           \
                         {heads, kv_heads, dim, window, scale});                                  \
    }
KERNELS(1)
KERNELS(2)
KERNELS(3)
KERNELS(4)
KERNELS(8)
