// Whether what is being written can still become an item that is equal to none before it: the twin of matching/differ.py,
// which says why this is exact; and the masks of what is written there.

#include <queue>
#include <unordered_set>

#include "engine.hpp"

namespace structgen {

size_t Engine::ThreadHash::operator()(const Thread& t) const {
    uint64_t h = mix(static_cast<uint64_t>(t.state) << 32 | t.frame, static_cast<uint64_t>(t.a) << 32 | t.b);
    return mix(h, static_cast<uint64_t>(t.c) << 32 | t.d);
}

// Takes the threads out of threads_found_ that can only become an item that has come before.
void Engine::prune_found() {
    bool any = false;
    for (const Thread& thread : threads_found_) any = any || box_of(thread) != 0;
    if (!any) return;
    std::vector<Thread> found = std::move(threads_found_), kept;
    for (const Thread& thread : found)
        if (can_differ(thread)) kept.push_back(thread);
    threads_found_ = std::move(kept);
}

bool Engine::can_differ(const Thread& thread) {
    const uint32_t box = box_of(thread);
    if (box == 0 || !scopes_.boxes.constrained(box)) return true;
    if (tables->states[thread.state].kind == SPAN && reader(thread).rich(thread.reading(), frames_[thread.frame].registers))
        return true;  // what the search sees first
    const auto known = differs_.find(thread);
    if (known != differs_.end()) return known->second;
    searching_ = true;
    bool found;
    try {
        found = find_different(thread);
    } catch (...) {
        searching_ = false;
        throw;
    }
    searching_ = false;
    work_.clear(), threads_found_.clear();
    return differs_[thread] = found;
}

bool Engine::find_different(const Thread& thread) {
    struct Way {
        uint32_t depth;
        size_t order;
        Thread thread;
        bool operator<(const Way& other) const { return depth != other.depth ? depth > other.depth : order < other.order; }
    };
    const uint32_t start = scopes_.boxes.outer_used(box_of(thread));
    std::priority_queue<Way> ways;
    std::unordered_set<Thread, ThreadHash> seen{thread};
    std::vector<uint32_t> bytes;
    ways.push({0, 0, thread});
    while (!ways.empty()) {
        const Thread here = ways.top().thread;
        ways.pop();
        if (tables->states[here.state].kind == SPAN && reader(here).rich(here.reading(), frames_[here.frame].registers)) return true;
        bytes_of(here, bytes);
        for (const uint32_t byte : bytes) {
            work_.clear(), threads_found_.clear();
            step_thread(here, byte);
            if (work_.empty() && threads_found_.empty()) continue;
            bool ended = false;
            close(ended);
            if (ended) return true;
            for (const Thread& following : threads_found_) {
                const uint32_t box = box_of(following);
                if (box == 0 || scopes_.boxes.outer_used(box) != start) return true;
                if (seen.insert(following).second) ways.push({scopes_.boxes.depth(box), seen.size(), following});
            }
        }
        if (seen.size() > 50 * limits_.threads)
            throw LimitError("threads", "whether items can still differ takes too many steps to tell");
    }
    return false;
}

// The bytes with which a thread may go on, and some more; those that lead to an end soonest come last.
void Engine::bytes_of(const Thread& thread, std::vector<uint32_t>& out) const {
    out.clear();
    const State& state = tables->states[thread.state];
    auto add = [&](const Edge& edge) {
        for (uint32_t byte = edge.low; byte <= edge.high; ++byte) out.push_back(byte);
    };
    if (state.kind == BYTES) {
        for (uint32_t e = state.a; e < state.a + state.b; ++e) add(tables->edges[e]);
        auto is_space = [](uint32_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; };
        if (!std::ranges::all_of(out, is_space)) std::erase_if(out, is_space);
        auto rank = [](uint32_t byte) {
            const bool opens = byte == ',' || byte == '{' || byte == '[', closes = byte == '}' || byte == ']';
            return (closes ? 2u : opens ? 0u : 1u) << 8 | byte;
        };
        std::ranges::sort(out, {}, rank);
        return;
    }
    if (thread.b != decoder::START) {
        add({0, 255, 0});
        return;
    }
    const SpanReader& span = reader(thread);
    if (span.span.json()) out.push_back('\\');
    for (uint32_t e = span.dfa.edge_start[thread.a]; e < span.dfa.edge_start[thread.a + 1]; ++e) add(span.dfa.edges[e]);
    if (span.span.json()) out.push_back('"');
}

}  // namespace structgen
