#pragma once

// The forward pass and the gradient to the input are one problem: each target pixel gathers, over
// a set of taps, a row of source channels times a matrix. The gradient of a strided convolution
// is several such problems, one for each residue of the target index modulo the stride, so that no
// multiplication by zero is ever done.

#include <cstdint>
#include <vector>

#include "compute/conv_shape.hpp"
#include "compute/epilogue.hpp"
#include "compute/parallel.hpp"

namespace lamina::cpu {

/// One position of the filter along one dimension, and where it reads: source = j * step + offset
/// for target pixel j.
struct Tap {
    std::int64_t index;
    std::int64_t offset;
};

/// A stretch of source elements, contiguous in memory, that a pixel multiplies with as many rows
/// of the packed filter: one tap's channels, or a whole filter row's where they are neighbours.
struct Run {
    std::int64_t depth, height, width; ///< indices into taps
    std::int64_t width_taps;
};

struct Gather {
    Extent3 source, target;
    Extent3 count;        ///< target pixels of this problem
    Extent3 step;         ///< source step from one of them to the next
    Extent3 target_first; ///< where the first of them lies
    Extent3 target_step;
    std::array<std::vector<Tap>, 3> taps; ///< by rising offset
};

/// The reduction is cut into parts whose packed panel stays in the first cache level.
struct Part {
    std::int64_t first_run, runs;
    std::int64_t begin, length; ///< within each run
    std::int64_t packed_offset; ///< in reduction rows, from the group's start
};

/// A group of output channels, `vectors` vectors wide.
struct Panel {
    std::int64_t first, columns, vectors;
};

/// A gather with everything worked out that depends on shapes alone.
class GatherPlan {
  public:
    /// workers: the threads that the work is cut for; the result has the same bits for any number.
    static GatherPlan forward(const ConvShape& shape, std::int64_t workers = 1);
    /// One plan for each residue of the strides; together they write every element of dx.
    static std::vector<GatherPlan> backward_data(const ConvShape& shape, std::int64_t workers = 1);

    std::int64_t packed_bytes() const;
    std::int64_t scratch_bytes() const { return region_bytes() + 2 * pointer_bytes(); }
    std::int64_t region_bytes() const;
    std::int64_t pointer_bytes() const;

    static constexpr std::int64_t max_runs_of_part = 200;

    /// packed: packed_bytes() that hold the packed filter, or are given it where pack says so.
    /// scratch: scratch_bytes() for each worker.
    /// epilogue.program: only where runs_program().
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             void* packed, bool pack, void* scratch, const Parallel& parallel) const;
    /// Whether a task works out whole rows of the target.
    bool runs_program() const { return column_groups == 1; }

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
    ConvShape shape;
    bool transposed = false; ///< the gradient: columns are the filter's input channels
    Gather gather;
    std::int64_t batch, groups;
    std::int64_t source_channels, target_channels; ///< of all groups
    std::int64_t reduce, columns;                  ///< channels of one group: source, target
    bool copies = false;                           ///< the source is copied with its padding
    Extent3 low{};                                 ///< smallest tap offsets
    Extent3 region{};                              ///< extents of the copy of one block
    std::int64_t block_rows, blocks;               ///< blocks of target lines in one depth
    std::int64_t column_groups;                    ///< parts of the panels, a task each
    std::vector<Run> runs;
    std::vector<std::int64_t> run_offsets; ///< in elements, from a pixel's base
    std::int64_t run_length = 0;
    std::vector<Part> parts;
    std::vector<Panel> panels;
    std::int64_t packed_columns = 0; ///< of all panels, rounded up

    std::int64_t first_panel(std::int64_t column_group) const {
        return static_cast<std::int64_t>(panels.size()) * column_group / column_groups;
    }

  private:
    struct Blocking {
        std::int64_t rows, column_groups;
        double cycles; ///< until the last worker is done
    };
    void finish(std::int64_t workers);
    void cut_runs();
    void cut_parts();
    Blocking best_blocking(std::int64_t workers) const;
    /// The source that a block of so many target lines reads.
    Extent3 region_of(std::int64_t lines) const;

    double cycles_on_one_core_ = 0;
};

/// Lanes of a float vector, and rows of a tile `vectors` wide, on this machine.
std::int64_t float_lanes();
std::int64_t tile_height(std::int64_t vectors);
std::vector<Panel> make_panels(std::int64_t columns);

} // namespace lamina::cpu
