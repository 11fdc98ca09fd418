// One vocabulary tile of the output head; see `head.rs`, which names the statistics.
#include "common.cuh"

constexpr int STATISTICS = 6;
enum Statistic { MAXIMUM, SUM, WEIGHTED, LABEL, FACTOR, BEST };

// The largest of a block's values and the smallest of the columns that have it, for all threads.
__device__ void block_largest(float &value, int &at) {
    __shared__ float values[WARP];
    __shared__ int places[WARP];
    for (int step = WARP / 2; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(ALL_LANES, value, step);
        const int place = __shfl_xor_sync(ALL_LANES, at, step);
        if (other > value || (other == value && place < at)) {
            value = other;
            at = place;
        }
    }
    if (lane_of_warp() == 0) {
        values[warp_of_block()] = value;
        places[warp_of_block()] = at;
    }
    __syncthreads();
    value = values[0];
    at = places[0];
    for (int warp = 1; warp < blockDim.x / WARP; warp++) {
        if (values[warp] > value || (values[warp] == value && places[warp] < at)) {
            value = values[warp];
            at = places[warp];
        }
    }
}

// One block for each row.
extern "C" __global__ void head_tile(float *work, const unsigned *labels, int width, int columns,
                                     int first) {
    float *logits = work + (size_t)blockIdx.x * width;
    float *statistics = logits + width - STATISTICS;
    const bool fresh = first == 0;
    const float before = fresh ? -INFINITY : statistics[MAXIMUM];
    const int label = (int)labels[blockIdx.x] - first;
    // Read before the barriers below; nobody writes until then.
    const float label_logit = label >= 0 && label < columns ? logits[label] : 0;

    float largest = -INFINITY;
    int best = columns;
    for (int at = threadIdx.x; at < columns; at += blockDim.x) {
        if (logits[at] > largest) {
            largest = logits[at];
            best = at;
        }
    }
    block_largest(largest, best);
    const bool larger = largest > before;
    const float maximum = larger ? largest : before;

    float sum = 0, weighted = 0;
    for (int at = threadIdx.x; at < columns; at += blockDim.x) {
        const float below = logits[at] - maximum;
        const float power = expf(below);
        logits[at] = power;
        sum += power;
        weighted += power * below;
    }
    sum = block_sum(sum);
    weighted = block_sum(weighted);
    if (threadIdx.x > 0) {
        return;
    }
    float old_sum = fresh ? 0 : statistics[SUM];
    float old_weighted = fresh ? 0 : statistics[WEIGHTED];
    float factor = 1;
    if (larger && !fresh) {
        factor = expf(before - largest);
        old_weighted = (old_weighted + old_sum * (before - largest)) * factor;
        old_sum *= factor;
    }
    statistics[MAXIMUM] = maximum;
    statistics[SUM] = old_sum + sum;
    statistics[WEIGHTED] = old_weighted + weighted;
    statistics[FACTOR] = factor;
    if (label >= 0 && label < columns) {
        statistics[LABEL] = label_logit;
    } else if (fresh) {
        statistics[LABEL] = 0;
    }
    if (larger) {
        statistics[BEST] = first + best;
    } else if (fresh) {
        statistics[BEST] = 0;
    }
}

// Blocks by row and column.
extern "C" __global__ void head_tile_backward(float *logits, const unsigned *labels,
                                              const float *log_sums, const float *factors,
                                              int width, int first, long long apart) {
    const int at = column();
    if (at < width) {
        float *logit = logits + blockIdx.x * apart + at;
        const float factor = factors[blockIdx.x];
        const float probability = expf(*logit - log_sums[blockIdx.x]);
        const bool is_label = labels[blockIdx.x] == (unsigned)(first + at);
        *logit = factor * ((is_label ? 1 : 0) - probability);
    }
}

// Blocks by row and column.
extern "C" __global__ void head_rescale(float *sums, const float *work, int width,
                                        int work_width) {
    const float factor = work[(size_t)(blockIdx.x + 1) * work_width - STATISTICS + FACTOR];
    const int at = column();
    if (at < width && factor < 1) {
        sums[(size_t)blockIdx.x * width + at] *= factor;
    }
}

// Blocks by row and column.
extern "C" __global__ void head_finish(float *sums, const float *work, const float *labels,
                                       int width, int work_width) {
    const float sum = work[(size_t)(blockIdx.x + 1) * work_width - STATISTICS + SUM];
    const int at = column();
    if (at < width) {
        const size_t place = (size_t)blockIdx.x * width + at;
        sums[place] = labels[place] - sums[place] / sum;
    }
}
