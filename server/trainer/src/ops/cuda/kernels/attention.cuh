// What the kernels of attention share; see `attention.rs`.
//
// Rows hold `q | k | v`. A segment is four numbers: its first row, the one behind its last, how
// many rows are above it, and the number of the segment above it. Positions count the rows that a
// row sees, from the outermost segment on. A block works on a tile of rows of one segment, `OWN`
// of them for each warp, against tiles of other rows, one for each lane.
#pragma once
#include "common.cuh"

constexpr int TILE = WARP, WARPS = 8, OWN = TILE / WARPS;

struct Segment {
    int start, end, height, parent;
};

// A tile of keys and values, by its segment and first row, with some of the segments that see it:
// the places `start` up to `end` of a list. Gradients go to `part` where pieces share the tile;
// where there are no others it is negative.
struct Piece {
    int segment, first, start, end, part;
};

struct Heads {
    int heads, kv_heads, dim, window;
    float scale;

    __device__ int group() const { return heads / kv_heads; }
    __device__ int width() const { return (heads + 2 * kv_heads) * dim; }
    __device__ int key_column(int kv_head) const { return (heads + kv_head) * dim; }
    __device__ int value_column(int kv_head) const { return (heads + kv_heads + kv_head) * dim; }

    // Whether the row at position `query` sees the one at `key`.
    __device__ bool sees(int query, int key) const { return key <= query && query - key < window; }
};

// The row at a position, as a segment sees it.
__device__ inline int row_at(const Segment *segments, int segment, int position) {
    while (position < segments[segment].height) {
        segment = segments[segment].parent;
    }
    return segments[segment].start + position - segments[segment].height;
}

// Where the gradients of a row's keys and values go.
struct Target {
    float *key, *value;
};

// Parts have `ROWS` rows of keys and values for each key head.
template <int ROWS>
__device__ Target target_of(float *dqkv, float *parts, Piece piece, int row, int kv_head,
                            Heads shape) {
    if (piece.part < 0) {
        float *to = dqkv + (size_t)(piece.first + row) * shape.width();
        return {to + shape.key_column(kv_head), to + shape.value_column(kv_head)};
    }
    const size_t place = ((size_t)piece.part * shape.kv_heads + kv_head) * ROWS + row;
    float *to = parts + place * 2 * shape.dim;
    return {to, to + shape.dim};
}

// One warp copies the numbers of a row, or makes them zero where there is none.
__device__ inline void load_row(float *dst, const float *src, int dim, bool is_there) {
    for (int at = lane_of_warp(); at < dim; at += WARP) {
        dst[at] = is_there ? src[at] : 0;
    }
}

// The block copies a head, which begins at `column`, of the rows that a segment sees from
// position `start` on, up to `last`.
__device__ inline void load_seen(float *dst, const float *qkv, int column, const Segment *segments,
                                 int segment, int start, int last, Heads shape) {
    for (int row = warp_of_block(); row < TILE; row += WARPS) {
        const bool is_there = start + row < last;
        const int from = is_there ? row_at(segments, segment, start + row) : 0;
        const float *src = qkv + (size_t)from * shape.width() + column;
        load_row(dst + row * (shape.dim + 1), src, shape.dim, is_there);
    }
}

// Products of the warp's own rows, `dim` apart, with the lane's row among the others.
__device__ inline void products(float result[OWN], const float *own, const float *other, int dim) {
    for (int row = 0; row < OWN; row++) {
        result[row] = 0;
    }
    for (int at = 0; at < dim; at++) {
        const float number = other[at];
        for (int row = 0; row < OWN; row++) {
            result[row] += own[row * dim + at] * number;
        }
    }
}

// Adds the other rows, `apart` apart, times the weights of the warp's own rows for them.
template <int COLUMNS>
__device__ void add_weighted(float result[OWN][COLUMNS], const float (*weights)[TILE],
                             const float *others, int apart, int dim) {
    for (int other = 0; other < TILE; other++) {
        for (int part = 0; part < COLUMNS; part++) {
            const int at = part * WARP + lane_of_warp();
            const float number = at < dim ? others[other * apart + at] : 0;
            for (int row = 0; row < OWN; row++) {
                result[row][part] += weights[row][other] * number;
            }
        }
    }
}

// One warp writes its lanes' parts of a row.
template <int COLUMNS>
__device__ void store_row(float *dst, const float result[COLUMNS], float factor, int dim) {
    for (int part = 0; part < COLUMNS; part++) {
        const int at = part * WARP + lane_of_warp();
        if (at < dim) {
            dst[at] = result[part] * factor;
        }
    }
}
