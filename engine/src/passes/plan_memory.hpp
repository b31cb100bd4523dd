/// Where each value of a step lies: lifetimes, in-place reuse, offsets in the arena.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lamina/graph.hpp"

namespace lamina {

/// What the backend will run a node with.
struct Selection {
    std::string candidate;
    double seconds = 0;
    uint64_t workspace_bytes = 0;
    uint64_t in_place = 0; // as lm_candidate
    std::string numerics;
    uint64_t packed_bytes = 0; // kept by the backend
    bool tuned = false;        // chosen by measurement
    uint64_t kept = 0;         // bit i: input i is LM_TENSOR_KEPT
};

enum class SlotKind { Arena, Variable, Constant, Input, Output };

struct Slot {
    SlotKind kind;
    std::string name;
    uint64_t bytes = 0;
    uint32_t index = 0; // of the variable, input or output in its list
};

struct Place {
    uint32_t slot = 0;
    uint64_t offset = 0;
    bool operator==(const Place&) const = default;
};

struct PlannedStep {
    NodeId node = kNone; // kNone: a copy of `inputs[0]` to `outputs[0]`
    std::vector<Place> inputs;
    std::vector<Place> outputs;
    Place workspace;
    ValueId copied = kNone; // what a copy copies
};

struct MemoryByKind {
    uint64_t weights = 0, slots = 0, gradients = 0, activations = 0, workspace = 0, constants = 0,
             inputs = 0;
    uint64_t total() const {
        return weights + slots + gradients + activations + workspace + constants + inputs;
    }
};

struct MemoryPlan {
    std::vector<Slot> slots; // [0] is the arena
    std::vector<PlannedStep> steps;
    std::vector<std::pair<ValueId, uint64_t>> constants; // offsets in the constants' slot
    MemoryByKind peak; // the arena's part as it stands at its fullest moment
};

/// selections: one a node, empty for leaves and views. alignment: of offsets, a power of two.
MemoryPlan plan_memory(const Graph& graph, const std::vector<Selection>& selections,
                       uint64_t alignment);

} // namespace lamina
