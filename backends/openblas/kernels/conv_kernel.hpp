#pragma once

// Turns an algorithm over channels_last f32 arrays into a kernel of conv, conv_backward_data or
// conv_backward_filter. channels_first goes through transposed copies in the workspace.
//
// An Algorithm has
//     static constexpr const char* numerics;
//     explicit Algorithm(const ConvShape&);    throws unsupported(why)
//     double seconds() const;                  on one core
//     bool runs_program() const;               (not the filter's) applies epilogue.program itself
//     std::int64_t workspace_bytes(std::int64_t workers) const;
//     void run(a, b, result, [epilogue,] workspace, parallel) const;
// where a and b are the node's two operands. One that packs its filter in a form of its own, and so
// can keep it for as long as the filter stays the same, has instead
//     std::int64_t packed_bytes() const;
//     double packing_seconds() const;
//     std::int64_t scratch_bytes(std::int64_t workers) const;
//     void run(a, b, result, epilogue, packed filter, pack, scratch, parallel) const;

#include "compute/conv_shape.hpp"
#include "compute/scratch.hpp"
#include "compute/transpose.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::cpu {

inline ConvShape conv_shape(const plugin::ConvParams& p) {
    return {p.n, p.c, p.k, p.groups, p.in, p.out, p.window, p.strides, p.dilations, p.low};
}

/// The channels_last copies of both activations that a channels_first node needs.
class LayoutCopies {
  public:
    LayoutCopies(const plugin::ConvParams& params, const ConvShape& shape)
        : shape_{shape}, needed_{!params.channels_last} {}

    bool needed() const { return needed_; }
    std::int64_t bytes() const { return needed_ ? x_bytes() + padded(shape_.y_size()) : 0; }
    double seconds() const {
        constexpr double of_a_float = 0.25e-9;
        return needed_ ? of_a_float * static_cast<double>(shape_.x_size() + shape_.y_size()) : 0.0;
    }

    float* x(char* workspace) const { return reinterpret_cast<float*>(workspace); }
    float* y(char* workspace) const { return reinterpret_cast<float*>(workspace + x_bytes()); }

    void x_in(const float* from, float* to, const Parallel& parallel) const {
        transpose_batch(from, to, shape_.batch, shape_.in_channels, shape_.in_pixels(), parallel);
    }
    void y_in(const float* from, float* to, const Parallel& parallel) const {
        transpose_batch(from, to, shape_.batch, shape_.out_channels, shape_.out_pixels(), parallel);
    }
    void x_out(const float* from, float* to, const Parallel& parallel) const {
        transpose_batch(from, to, shape_.batch, shape_.in_pixels(), shape_.in_channels, parallel);
    }
    void y_out(const float* from, float* to, const Parallel& parallel) const {
        transpose_batch(from, to, shape_.batch, shape_.out_pixels(), shape_.out_channels, parallel);
    }

  private:
    static std::int64_t padded(std::int64_t floats) {
        return round_up(floats * static_cast<std::int64_t>(sizeof(float)), workspace_alignment);
    }
    std::int64_t x_bytes() const { return padded(shape_.x_size()); }

    ConvShape shape_;
    bool needed_;
};

template <class Algorithm>
concept PacksFilter = requires(const Algorithm& a) {
    a.packed_bytes();
};

/// conv (Forward) and conv_backward_data: both read an activation and the filter.
template <class Algorithm, bool Forward>
class ConvKernel {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        const ConvKernel k(node);
        plugin::Plan plan{k.algorithm_.seconds() + k.epilogue_.seconds() + k.copies_.seconds(),
                          static_cast<std::uint64_t>(k.copies_.bytes() + k.workspace_bytes()), 0,
                          Algorithm::numerics};
        if constexpr (PacksFilter<Algorithm>) {
            if (k.keeps_filter_) {
                plan.seconds -= k.algorithm_.packing_seconds();
                plan.packed_bytes = static_cast<std::uint64_t>(k.algorithm_.packed_bytes());
            }
        }
        return plan;
    }

    explicit ConvKernel(const plugin::Node& node)
        : ConvKernel(node, plugin::ConvParams::of(node)) {}

    void run(const plugin::Node&, const plugin::Args& args) const {
        const Parallel parallel = parallel_of(args.host(), workers_);
        const auto* source = args.in<float>(0);
        const auto* filter = args.in<float>(1);
        auto* target = args.out<float>();
        auto* workspace = args.workspace<char>();
        Epilogue epilogue = epilogue_.in_tiles(args, !copies_.needed());
        bool rest = epilogue_.needs_pass(!copies_.needed());
        std::unique_ptr<NodeEpilogue::Rows> rows;
        if (copies_.needed()) {
            float *x = copies_.x(workspace), *y = copies_.y(workspace);
            char* scratch = workspace + copies_.bytes();
            if constexpr (Forward) {
                copies_.x_in(source, x, parallel);
                multiply(args, x, filter, y, epilogue, scratch, parallel);
                copies_.y_out(y, target, parallel);
            } else {
                copies_.y_in(source, y, parallel);
                multiply(args, y, filter, x, epilogue, scratch, parallel);
                copies_.x_out(x, target, parallel);
            }
        } else {
            if (rest && algorithm_.runs_program()) {
                rows = epilogue_.rows(args);
                epilogue.program = &NodeEpilogue::run_rows;
                epilogue.context = rows.get();
                rest = false;
            }
            multiply(args, source, filter, target, epilogue, workspace, parallel);
        }
        if (rest)
            epilogue_.pass(args, parallel);
    }

  private:
    ConvKernel(const plugin::Node& node, const plugin::ConvParams& params)
        : shape_{conv_shape(params)}, copies_{params, shape_}, epilogue_{checked(node), 2},
          algorithm_{shape_}, workers_{planned_workers()}, keeps_filter_{PacksFilter<Algorithm> &&
                                                                         node.input(1).kept()} {}

    /// The packed filter, unless it is kept elsewhere, and what the workers need.
    std::int64_t workspace_bytes() const {
        if constexpr (PacksFilter<Algorithm>)
            return (keeps_filter_ ? 0 : algorithm_.packed_bytes()) +
                   algorithm_.scratch_bytes(workers_);
        else
            return algorithm_.workspace_bytes(workers_);
    }
    void multiply(const plugin::Args& args, const float* source, const float* filter, float* target,
                  const Epilogue& epilogue, char* workspace, const Parallel& parallel) const {
        if constexpr (!PacksFilter<Algorithm>)
            algorithm_.run(source, filter, target, epilogue, workspace, parallel);
        else if (keeps_filter_)
            algorithm_.run(source, filter, target, epilogue, args.packed<char>(), args.pack(),
                           workspace, parallel);
        else
            algorithm_.run(source, filter, target, epilogue, workspace, true,
                           workspace + algorithm_.packed_bytes(), parallel);
    }

    static const plugin::Node& checked(const plugin::Node& node) {
        expect_f32(node, 2);
        return node;
    }

    ConvShape shape_;
    LayoutCopies copies_;
    NodeEpilogue epilogue_;
    Algorithm algorithm_;
    std::int64_t workers_;
    bool keeps_filter_;
};

/// conv_backward_filter: reads both activations.
template <class Algorithm>
class ConvFilterKernel {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        const ConvFilterKernel k(node);
        return {k.algorithm_.seconds() + k.copies_.seconds(),
                static_cast<std::uint64_t>(k.copies_.bytes() +
                                           k.algorithm_.workspace_bytes(k.workers_)),
                0, Algorithm::numerics};
    }

    explicit ConvFilterKernel(const plugin::Node& node)
        : ConvFilterKernel(node, plugin::ConvParams::of(node)) {}

    void run(const plugin::Node&, const plugin::Args& args) const {
        const Parallel parallel = parallel_of(args.host(), workers_);
        const auto* x = args.in<float>(0);
        const auto* dy = args.in<float>(1);
        auto* workspace = args.workspace<char>();
        if (copies_.needed()) {
            copies_.x_in(x, copies_.x(workspace), parallel);
            copies_.y_in(dy, copies_.y(workspace), parallel);
            x = copies_.x(workspace);
            dy = copies_.y(workspace);
        }
        algorithm_.run(x, dy, args.out<float>(), workspace + copies_.bytes(), parallel);
    }

  private:
    ConvFilterKernel(const plugin::Node& node, const plugin::ConvParams& params)
        : shape_{conv_shape(params)}, copies_{params, shape_},
          algorithm_{(expect_f32(node, 2), shape_)}, workers_{planned_workers()} {}

    ConvShape shape_;
    LayoutCopies copies_;
    Algorithm algorithm_;
    std::int64_t workers_;
};

} // namespace lamina::cpu
