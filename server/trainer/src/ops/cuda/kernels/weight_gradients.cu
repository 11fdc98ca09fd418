// Gradients of norms, biases and embeddings; formulas in `weight_gradients.rs`.
//
// Sums over rows are made in two steps, so that few columns keep many blocks busy: first those of
// pieces of rows, then, in the order of the rows, the sum of these.
#include "common.cuh"

// Where a vector of `size` numbers begins in a matrix whose rows have `in_row` of them.
__device__ inline size_t first_of(int vector, int in_row, int size, long long apart) {
    return vector / in_row * apart + vector % in_row * size;
}

// 1/√(mean(x²) + eps) of each vector: one warp each.
extern "C" __global__ void inverse_roots(float *roots, const float *x, float eps, int count,
                                         int in_row, int size, long long apart) {
    const size_t vector = element() / WARP;
    if (vector >= count) {
        return;
    }
    x += first_of(vector, in_row, size, apart);
    float squares = 0;
    for (int at = lane_of_warp(); at < size; at += WARP) {
        squares += x[at] * x[at];
    }
    squares = warp_sum(squares);
    if (lane_of_warp() == 0) {
        roots[vector] = 1 / sqrtf(squares / size + eps);
    }
}

// Sums of `term(row, column)`, blocks by 32 columns and `piece` rows; the warps share the rows.
template <typename Term>
__device__ void sum_piece(double *sums, int rows, int width, int piece, Term term) {
    __shared__ double parts[WARP][WARP];
    const int at = blockIdx.x * WARP + lane_of_warp(), warps = blockDim.x / WARP;
    const int first = blockIdx.y * piece, last = min(rows, first + piece);
    double sum = 0;
    for (int row = first + warp_of_block(); at < width && row < last; row += warps) {
        sum += term(row, at);
    }
    parts[warp_of_block()][lane_of_warp()] = sum;
    __syncthreads();
    if (warp_of_block() > 0 || at >= width) {
        return;
    }
    for (int warp = 1; warp < warps; warp++) {
        sum += parts[warp][lane_of_warp()];
    }
    sums[(size_t)blockIdx.y * width + at] = sum;
}

extern "C" __global__ void norm_weight_sums(double *sums, const float *g, const float *x,
                                            const float *roots, int count, int in_row, int size,
                                            int piece, long long g_apart, long long x_apart) {
    sum_piece(sums, count, size, piece, [=](int vector, int at) {
        const float along = g[first_of(vector, in_row, size, g_apart) + at];
        const float number = x[first_of(vector, in_row, size, x_apart) + at];
        return (double)along * number * roots[vector];
    });
}

extern "C" __global__ void column_sums(double *sums, const float *src, int rows, int width,
                                       int piece, long long apart) {
    sum_piece(sums, rows, width, piece,
              [=](int row, int at) { return (double)src[row * apart + at]; });
}

// One thread for each column.
extern "C" __global__ void add_sums(float *dst, const double *sums, int pieces, int width) {
    const size_t at = element();
    if (at >= width) {
        return;
    }
    double sum = 0;
    for (int piece = 0; piece < pieces; piece++) {
        sum += sums[(size_t)piece * width + at];
    }
    dst[at] += (float)sum;
}

// Blocks by row of `dst` and column. Each of `groups` is such a row and where the rows of `src` that
// are added to it begin and end in `order`; they are added one after another.
extern "C" __global__ void add_scattered_rows(float *dst, const float *src, const unsigned *groups,
                                              const unsigned *order, float factor, int width) {
    const int at = column();
    if (at >= width) {
        return;
    }
    const unsigned *group = groups + 3 * (size_t)blockIdx.x;
    float *to = dst + (size_t)group[0] * width + at;
    float sum = *to;
    for (unsigned place = group[1]; place < group[2]; place++) {
        sum += factor * src[(size_t)order[place] * width + at];
    }
    *to = sum;
}
