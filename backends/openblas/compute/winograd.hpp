#pragma once

// Winograd's minimal filtering for square 2-D filters with stride 1: Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2015. F(m, r) works out an m x m tile of the
// target from an (m + r - 1)^2 tile of the source with as many multiplications: 36 instead of 144
// for F(4, 3), 36 instead of 100 for F(2, 5), which shares F(4, 3)'s interpolation points, and 64
// instead of 400 for F(4, 5), whose largest error is one and a half times F(4, 3)'s.

#include <vector>

#include "compute/conv_shape.hpp"
#include "compute/epilogue.hpp"
#include "compute/gather.hpp"
#include "compute/parallel.hpp"

namespace lamina::cpu {

/// F(tile, kernel).
struct WinogradKind {
    int tile, kernel;
    int alpha() const { return tile + kernel - 1; }
    int points() const { return alpha() * alpha(); }
    bool operator==(const WinogradKind&) const = default;
};
constexpr WinogradKind winograd_f2x3{2, 3}, winograd_f4x3{4, 3}, winograd_f2x5{2, 5},
    winograd_f4x5{4, 5};

/// Null where the algorithm applies, else the reason why it does not.
const char* winograd_refusal(const ConvShape& shape, WinogradKind kind);

/// The tiles of a source and a target, as all three passes cut them.
struct WinogradTiles {
    WinogradKind kind;
    std::int64_t batch;
    std::int64_t source[2], target[2], pad[2];
    std::int64_t across, down;                   ///< tiles of an image
    std::int64_t total;                          ///< of the batch
    std::int64_t block;                          ///< tiles that one task works on
    std::int64_t source_channels, source_stride; ///< the latter as transformed, in floats

    std::int64_t blocks() const { return (total + block - 1) / block; }
    /// From one point's matrix of transformed source to the next one's.
    std::int64_t source_matrix() const { return matrix_stride(whole(block) * source_stride); }
    /// Tiles up to a multiple of any register tile's height.
    static std::int64_t whole(std::int64_t tiles) { return tiles + 15; }
    /// Lines of one row of tiles after the first half of the transform.
    std::int64_t line_floats() const;
    /// Keeps the points' matrices off one another's cache sets.
    static std::int64_t matrix_stride(std::int64_t floats);
};

/// The forward pass and the gradient to the input.
class WinogradPlan {
  public:
    /// workers: the threads that the work is cut for; the result has the same bits for any number.
    static WinogradPlan forward(const ConvShape& shape, WinogradKind kind,
                                std::int64_t workers = 1);
    static WinogradPlan backward_data(const ConvShape& shape, WinogradKind kind,
                                      std::int64_t workers = 1);

    /// packed: packed_bytes() that hold the transformed filter, or are given it where pack says so.
    /// scratch: scratch_bytes() for each worker.
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             void* packed, bool pack, void* scratch, const Parallel& parallel) const;

    /// The same with both in one workspace, packed anew.
    std::int64_t workspace_bytes(std::int64_t workers) const {
        return packed_bytes() + workers * scratch_bytes();
    }
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             void* workspace, const Parallel& parallel) const {
        run(source, filter, target, epilogue, workspace, true,
            static_cast<char*>(workspace) + packed_bytes(), parallel);
    }

    /// Estimated seconds on one core, packing included.
    double seconds() const;
    double packing_seconds() const;

    // What follows is read by the inner loops.
    std::int64_t packed_bytes() const;
    std::int64_t scratch_bytes() const;
    std::int64_t product_matrix() const;

    ConvShape shape;
    WinogradTiles tiles;
    bool transposed;
    std::int64_t reduce, columns;
    std::vector<Panel> panels;
    std::vector<std::int64_t> panel_offsets; ///< into a row of packed columns
    std::int64_t packed_columns;
    std::int64_t panels_at_once; ///< whose products are kept before they are transformed back
    std::int64_t group_columns;  ///< the widest such set, in floats
    std::int64_t column_groups;  ///< parts of the panels, a task each with a block

    std::int64_t first_panel(std::int64_t column_group) const {
        return static_cast<std::int64_t>(panels.size()) * column_group / column_groups;
    }

  private:
    struct Blocking {
        std::int64_t block, column_groups;
        double cycles; ///< until the last worker is done
    };
    Blocking best_blocking(std::int64_t workers) const;
    void finish(std::int64_t workers);

    double cycles_on_one_core_ = 0;
};

/// The gradient to the filter: the products' roles are turned round, so that the sum over pixels
/// is done on transformed tiles, and only the sum is transformed back.
class WinogradFilterPlan {
  public:
    WinogradFilterPlan(const ConvShape& shape, WinogradKind kind);

    std::int64_t workspace_bytes(std::int64_t workers) const {
        return partial_bytes() + workers * scratch_bytes();
    }
    void run(const float* x, const float* dy, float* filter_gradient, void* workspace,
             const Parallel& parallel) const;

    /// Estimated seconds on one core.
    double seconds() const;

    // What follows is read by the inner loops.
    std::int64_t partial_floats() const;
    std::int64_t partial_bytes() const;
    std::int64_t scratch_bytes() const;
    std::int64_t target_matrix() const;

    ConvShape shape;
    WinogradTiles tiles;
    std::int64_t chunks;
    std::vector<Panel> panels;
    std::vector<std::int64_t> panel_offsets;
    std::int64_t packed_columns;
};

} // namespace lamina::cpu
