// What the kernels of attention on tensor cores share: tiles of rows in shared memory, rounded to
// 16 bits.
//
// What makes the result has eleven bits: an error of a score is one of a weight's exponent. What
// makes gradients is rounded to bfloat16, which holds numbers of any size.
//
// A block of four warps works on a tile of rows of one segment, 16 of them for each warp. `DIM` is
// a head's width, or more: numbers behind the head are zero.
#pragma once
#include "attention.cuh"
#include "mma.cuh"

constexpr int OWN_ROWS = 64, TEAM = 4;
// Blocks that a multiprocessor is to have at once, which limits their registers.
template <int DIM>
constexpr int BLOCKS = DIM <= 64 ? 3 : 2;
constexpr float LOG2_E = 1.4426950408889634f, LN_2 = 0.6931471805599453f;

// Rows whose words hold neighbouring numbers of a row. Four words between rows let the lanes of a
// product read from different banks.
template <typename Number, int DIM, int ROWS>
struct Straight {
    using Kind = Number;
    static constexpr int APART = DIM / 2 + 4;
    unsigned *words;

    __device__ unsigned *end() const { return words + ROWS * APART; }
    __device__ unsigned &at(int row, int word) const { return words[row * APART + word]; }
};

// The same rows as columns: words hold the same number of neighbouring rows. Words are moved within
// their line so that neither writing nor reading meets in a bank.
template <typename Number, int DIM, int ROWS>
struct Flipped {
    using Kind = Number;
    static constexpr int APART = ROWS / 2;
    unsigned *words;

    __device__ unsigned *end() const { return words + DIM * APART; }
    __device__ unsigned &at(int number, int word) const {
        const int turn = APART == WARP ? number ^ number / 8 : number / 2;
        return words[number * APART + (word ^ turn % (APART / 4) * 4)];
    }
};

__device__ inline float2 pair_of(const float *row, int at, int dim) {
    return row != nullptr && at < dim ? *(const float2 *)(row + at) : float2{0, 0};
}

// The rows of a tile that a lane loads: pairs of neighbours.
template <int ROWS>
struct Rows {
    static constexpr int PAIRS = ROWS / (2 * 4 * TEAM);
    const float *rows[PAIRS][2];

    // `row_of` names the rows; those that are not there are zero.
    template <typename RowOf>
    __device__ explicit Rows(RowOf row_of) {
        for (int pair = 0; pair < PAIRS; pair++) {
            for (int side = 0; side < 2; side++) {
                rows[pair][side] = row_of(2 * number(pair) + side);
            }
        }
    }

    // The number of a pair in the tile.
    static __device__ int number(int pair) {
        return (pair * TEAM + warp_of_block()) * 4 + lane_of_warp() % 4;
    }
};

// A lane's part of a tile, on its way from memory: all of it at once.
template <int DIM, int ROWS>
struct Loaded {
    float2 pairs[Rows<ROWS>::PAIRS][DIM / 16][2];

    // The head that begins at `column` of the rows.
    __device__ Loaded(const Rows<ROWS> &from, int column, int dim) {
        for (int pair = 0; pair < Rows<ROWS>::PAIRS; pair++) {
            for (int step = 0; step < DIM / 16; step++) {
                for (int side = 0; side < 2; side++) {
                    const float *row = from.rows[pair][side];
                    row = row == nullptr ? row : row + column;
                    pairs[pair][step][side] = pair_of(row, column_at(step), dim);
                }
            }
        }
    }

    static __device__ int column_at(int step) { return step * 16 + lane_of_warp() / 4 * 2; }

    template <typename Number>
    __device__ void store(Straight<Number, DIM, ROWS> to) const {
        for (int pair = 0; pair < Rows<ROWS>::PAIRS; pair++) {
            for (int step = 0; step < DIM / 16; step++) {
                for (int side = 0; side < 2; side++) {
                    const float2 numbers = pairs[pair][step][side];
                    to.at(2 * Rows<ROWS>::number(pair) + side, column_at(step) / 2) =
                        Number::word(numbers.x, numbers.y);
                }
            }
        }
    }

    template <typename Number>
    __device__ void store(Flipped<Number, DIM, ROWS> to) const {
        for (int pair = 0; pair < Rows<ROWS>::PAIRS; pair++) {
            for (int step = 0; step < DIM / 16; step++) {
                const float2 one = pairs[pair][step][0], other = pairs[pair][step][1];
                const int at = column_at(step), number = Rows<ROWS>::number(pair);
                to.at(at, number) = Number::word(one.x, other.x);
                to.at(at + 1, number) = Number::word(one.y, other.y);
            }
        }
    }
};

// The row of a lane among its warp's 16: the first of two, eight apart.
__device__ inline int row_of_lane() { return warp_of_block() * 16 + lane_of_warp() / 4; }

// The column of a lane's first number of a result.
__device__ inline int column_of_lane() { return lane_of_warp() % 4 * 2; }

// The left operands of the warp's rows, from memory; `row_of` names them.
template <typename Number, int DIM, typename RowOf>
__device__ void load_left(unsigned left[DIM / 16][4], int dim, RowOf row_of) {
    for (int part = 0; part < 4; part++) {
        const float *row = row_of(row_of_lane() + part % 2 * 8);
        for (int step = 0; step < DIM / 16; step++) {
            const float2 pair = pair_of(row, step * 16 + part / 2 * 8 + column_of_lane(), dim);
            left[step][part] = Number::word(pair.x, pair.y);
        }
    }
}

// The left operand of one step, from rows in shared memory.
template <typename Lines>
__device__ void left_of(unsigned left[4], Lines rows, int step) {
    for (int part = 0; part < 4; part++) {
        const int row = row_of_lane() + part % 2 * 8;
        left[part] = rows.at(row, step * 8 + part / 2 * 4 + lane_of_warp() % 4);
    }
}

// Adds products of the left operand of one step with rows, or numbers, of shared memory.
template <int TILES, typename Lines>
__device__ void add_products(float result[TILES][4], const unsigned left[4], Lines right, int step) {
    const int line = lane_of_warp() / 4, word = step * 8 + lane_of_warp() % 4;
    for (int tile = 0; tile < TILES; tile++) {
        const int at = tile * 8 + line;
        Lines::Kind::multiply_add(result[tile], left, right.at(at, word),
                                  right.at(at, word + 4));
    }
}

// Adds the products of weights, the results of such products before, with numbers of rows.
template <int TILES, typename Number, int DIM, int ROWS>
__device__ void add_weighted(float result[TILES][4], const float weights[ROWS / 8][4],
                             Flipped<Number, DIM, ROWS> rows) {
    for (int step = 0; step < ROWS / 16; step++) {
        const float *one = weights[2 * step], *other = weights[2 * step + 1];
        const unsigned left[4] = {Number::word(one[0], one[1]), Number::word(one[2], one[3]),
                                  Number::word(other[0], other[1]),
                                  Number::word(other[2], other[3])};
        add_products<TILES>(result, left, rows, step);
    }
}

// A lane writes its numbers of one of its rows.
template <int DIM>
__device__ void store_half(float *row, const float result[DIM / 8][4], int half, float factor,
                           int dim) {
    for (int tile = 0; tile < DIM / 8; tile++) {
        const int at = tile * 8 + column_of_lane();
        if (at < dim) {
            *(float2 *)(row + at) = {result[tile][2 * half] * factor,
                                     result[tile][2 * half + 1] * factor};
        }
    }
}

__device__ inline float quad_sum(float value) {
    value += __shfl_xor_sync(ALL_LANES, value, 1);
    return value + __shfl_xor_sync(ALL_LANES, value, 2);
}

__device__ inline float quad_max(float value) {
    value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, 1));
    return fmaxf(value, __shfl_xor_sync(ALL_LANES, value, 2));
}
