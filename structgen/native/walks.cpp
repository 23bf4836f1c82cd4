// Masks of grammars with names (SQL), where hardly two places have one scope, so that whole masks are of little use later.
// What is kept instead does not ask the scope: what a thread reads below a node of the trie until something ends (a
// strand), and what may follow a state on a stack (follow_of). A mask is then the strands of its threads; where one ends,
// the end is closed, if anything that may follow stands below that node, and the strands of its threads go on there.
// Long texts have no strand at the root: their tokens are a part (parts.hpp), and those that go on behind them stand below
// the nodes where they may end (ends_of).

#include <algorithm>
#include <cstring>

#include "cover.hpp"

namespace structgen {

namespace {
constexpr uint32_t NOWHERE = 0, BOTTOM = 0;
constexpr size_t MOST_FOLLOWED = 4000;  // states that one follow set looks at; beyond, any byte may follow
constexpr uint32_t DEEPEST = 400;        // frames that one follow set looks at; beyond, any byte may follow
constexpr uint32_t ROOT = NONE;
constexpr size_t KEPT = 50'000;          // threads of closures that are kept from one mask to the next
constexpr uint32_t NARROW = 2000;       // nodes inside a text up to which it is walked like anything else

bool is_live(const uint64_t live[4], uint32_t byte) { return live[byte >> 6] >> (byte & 63) & 1; }
}  // namespace

// The bytes that may follow a state until its rule returns, and the labels with which it may return before any; the same for
// every stack.
const Engine::Beginning& Engine::beginning_of(uint32_t state) {
    if (beginnings_.empty()) beginnings_.resize(tables->states.size());
    if (beginnings_[state]) return *beginnings_[state];
    // Calls on the way push (slot, below) onto a stack; `below` counts from 1, 0 is the stack that is not looked at.
    struct Pushed {
        uint32_t slot, below;
        bool operator==(const Pushed&) const = default;
    };
    struct Place {
        uint32_t state, top;
        bool sure;
        bool operator==(const Place&) const = default;
    };
    std::vector<Pushed> pushed(1);
    std::vector<Place> places{{state, 0, true}};
    auto made = std::make_unique<Beginning>();
    Follow& found = made->follow;
    auto add = [&](uint32_t low, uint32_t high) {
        for (uint32_t byte = low; byte <= high; ++byte) found.bytes[byte >> 6] |= 1ull << (byte & 63);
    };
    auto visit = [&](const Place& place) {
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    };
    for (size_t i = 0; i < places.size(); ++i) {
        if (places.size() > MOST_FOLLOWED) {
            std::fill(std::begin(found.bytes), std::end(found.bytes), ~0ull);
            found.sure = false;
            made->returns.clear();
            break;
        }
        const Place at = places[i];
        const State& s = tables->states[at.state];
        switch (s.kind) {
            case BYTES:
                for (uint32_t e = s.a; e < s.a + s.b; ++e) add(tables->edges[e].low, tables->edges[e].high);
                found.sure = found.sure || (at.sure && s.b > 0);
                break;
            case SPLIT:
                for (uint32_t j = 0; j < s.b; ++j) visit({tables->targets[s.a + j], at.top, at.sure});
                break;
            case CALL: {
                const Pushed called{s.b, at.top};
                auto place = std::find(pushed.begin() + 1, pushed.end(), called);
                if (place == pushed.end()) place = pushed.insert(place, called);
                visit({s.a, static_cast<uint32_t>(place - pushed.begin()), at.sure});
                break;
            }
            case RETURN: {
                if (at.top == 0) {
                    made->returns.push_back({s.a, at.sure});
                    break;
                }
                const size_t slot = static_cast<size_t>(pushed[at.top].slot) + s.a;
                if (slot < tables->returns.size() && tables->returns[slot] != DEAD_SLOT)
                    visit({tables->returns[slot], pushed[at.top].below, at.sure});
                break;
            }
            case SPAN: {
                const SpanReader& span = readers_[s.a];
                const Dfa& dfa = span.dfa;
                for (uint32_t e = dfa.edge_start[dfa.start]; e < dfa.edge_start[dfa.start + 1]; ++e)
                    add(dfa.edges[e].low, dfa.edges[e].high);
                const bool plain = span.span.role == VALUE && !span.span.json() && !span.counts;
                found.sure = found.sure || (at.sure && plain && dfa.edge_start[dfa.start] != dfa.edge_start[dfa.start + 1]);
                if (span.span.json()) add(0, 255);
                else if (dfa.accept[dfa.start] >= 0) {  // it may be empty
                    const uint32_t target = tables->returns[s.b + static_cast<uint32_t>(dfa.accept[dfa.start])];
                    if (target != DEAD_SLOT) visit({target, at.top, at.sure && plain});
                }
                break;
            }
            case COUNT: visit({s.a, at.top, at.sure}); break;
            default: visit({s.a, at.top, false});
        }
    }
    return *(beginnings_[state] = std::move(made));
}

// The bytes that may follow a state on a stack, or some more, and whether surely something does.
Engine::Follow Engine::follow_of(uint32_t state, uint32_t frame, uint32_t depth) {
    const Beginning& beginning = beginning_of(state);
    Follow found = beginning.follow;
    if (beginning.returns.empty()) return found;
    const uint64_t key = (static_cast<uint64_t>(state) + 1) << 32 | frame;
    const uint32_t known = follow_ids_.find(key);
    if (known != NONE) return follows_[known];
    if (depth > DEEPEST) {
        std::fill(std::begin(found.bytes), std::end(found.bytes), ~0ull);
        return found;
    }
    for (const auto& [label, sure] : beginning.returns) {
        if (frame == BOTTOM) {
            found.sure = found.sure || sure;
            continue;
        }
        const size_t slot = static_cast<size_t>(frames_[frame].slot) + label;
        if (slot >= tables->returns.size() || tables->returns[slot] == DEAD_SLOT) continue;
        const Follow behind = follow_of(tables->returns[slot], frames_[frame].parent, depth + 1);
        for (size_t word = 0; word < 4; ++word) found.bytes[word] |= behind.bytes[word];
        found.sure = found.sure || (sure && behind.sure);
    }
    follow_ids_.insert(key, static_cast<uint32_t>(follows_.size()));
    return follows_.emplace_back(found);
}

// The nodes of the trie where a text that is read from a state may end with something below; `is_long` where the text has
// so many tokens that a walk is no way to find them, `many` where the ends are too many to be listed.
const Engine::Ends& Engine::ends_of(const SpanReader& span, uint32_t state) {
    const uint64_t key = (static_cast<uint64_t>(span.span.dfa) + 1) << 32 | state;
    const uint32_t known = end_ids_.find(key);
    if (known != NONE) return *ends_[known];
    auto made = std::make_unique<Ends>();
    const Dfa& dfa = span.dfa;
    const Trie& trie = vocabulary->trie;
    std::vector<uint32_t> path(1, state), walked;
    uint32_t seen = 0;
    for (uint32_t node = 0; node < trie.size() && seen <= NARROW;) {
        const uint32_t depth = trie.depth[node], next = dfa.step(path[depth], trie.byte[node]);
        if (next == NONE) {
            node = trie.end[node];
            continue;
        }
        ++seen;
        path.resize(depth + 1);
        path.push_back(next);
        ++node;
    }
    made->is_long = seen > NARROW;
    if (made->is_long) find_ends(dfa, state, *made);
    end_ids_.insert(key, static_cast<uint32_t>(ends_.size()));
    ends_.push_back(std::move(made));
    return *ends_.back();
}

void Engine::find_ends(const Dfa& dfa, uint32_t state, Ends& found) {
    const Trie& trie = vocabulary->trie;
    const Places& places = vocabulary->places();
    std::vector<bool> last(256, false);  // bytes that a text may end with
    for (const Edge& e : dfa.edges)
        if (dfa.accept[e.target] >= 0) std::fill(last.begin() + e.low, last.begin() + e.high + 1, true);
    uint64_t steps = 0;
    for (uint32_t byte = 0; byte < 256; ++byte)
        if (last[byte]) steps += places.steps[byte];
    if (steps > trie.size() / 4) {
        found.many = true;
        return;
    }
    auto look = [&](uint32_t node) {
        if (trie.end[node] == node + 1) return;
        // The tokens of a subtree are contiguous: the first one at or below a node begins with its bytes.
        const std::string_view text = vocabulary->text(trie.items[trie.first[node]]);
        uint32_t at = state;
        for (uint32_t i = 0; i <= trie.depth[node] && at != NONE; ++i) at = dfa.step(at, static_cast<uint8_t>(text[i]));
        if (at != NONE && dfa.accept[at] >= 0) add_end(static_cast<uint32_t>(dfa.accept[at]), node, false, found.ends);
    };
    for (uint32_t byte = 0; byte < 256; ++byte) {
        if (!last[byte]) continue;
        if (trie.root[byte] != trie.root[byte + 1]) look(trie.root[byte]);
        for (uint32_t i = places.start[byte]; i < places.start[byte + 1]; ++i) look(places.nodes[i]);
    }
    steps_left_ -= std::min(steps_left_, steps);
}

// Nodes below a node, ROOT for the first nodes.
template <class Take>
void Engine::each_child(uint32_t above, const uint64_t live[4], Take take) {
    const Trie& trie = vocabulary->trie;
    if (above == ROOT) {
        for (uint32_t byte = 0; byte < 256; ++byte)
            if (is_live(live, byte) && trie.root[byte] != trie.root[byte + 1]) take(trie.root[byte]);
        return;
    }
    const Children& children = children_of();
    for (uint32_t i = children.start[above]; i < children.start[above + 1]; ++i)
        if (is_live(live, children.byte[i])) take(children.node[i]);
}

// Whether a byte stands below a node.
bool Engine::meets(const uint64_t live[4], uint32_t node) {
    const Children& children = children_of();
    if (!(children.sketch[node] & Children::sketched(live))) return false;
    for (uint32_t i = children.start[node]; i < children.start[node + 1]; ++i)
        if (is_live(live, children.byte[i])) return true;
    return false;
}

// The bytes that a thread may read, or some more; `source` is a state, or a span and a state of its automaton.
const Engine::Live& Engine::live_of(const Thread& thread) {
    const State& state = tables->states[thread.state];
    const bool in_span = state.kind == SPAN;
    const uint64_t key = in_span ? (static_cast<uint64_t>(thread.b & 15) << 60 | static_cast<uint64_t>(state.a + 1) << 32 | thread.a)
                                 : thread.state + 1;
    const uint32_t known = live_ids_.find(key);
    if (known != NONE) return lives_[known];
    Live made{};
    live_bytes(&thread, &thread + 1, made.data());
    live_ids_.insert(key, static_cast<uint32_t>(lives_.size()));
    return lives_.emplace_back(made);
}

// What a thread reads below a node until something ends, whatever its stack and its scope are.
const Engine::Strand& Engine::strand_of(const Thread& thread, uint32_t node) {
    const State& state = tables->states[thread.state];
    const bool in_span = state.kind == SPAN;
    Strand made;
    made.key = in_span ? std::array<uint32_t, 5>{state.a, thread.a, thread.b | 1u << 31, thread.c, node}
                       : std::array<uint32_t, 5>{thread.state, 0, 0, 0, node};
    uint64_t hash = node;
    for (uint32_t part : made.key) hash = mix(hash, part);
    const uint32_t id = strand_table_.intern(
        hash, [&](uint32_t i) { return strands_[i]->key == made.key; },
        [&] {
            Live live = live_of(thread);
            if (in_span) each_child(node, live.data(), [&](uint32_t child) { spin_text(thread, child, made); });
            else each_child(node, live.data(), [&](uint32_t child) { spin_bytes(thread.state, child, made); });
            strand_bytes_ += sizeof(Strand) + 4 * made.tokens.size() + 16 * made.steps.size();
            for (const Strand::Ending& end : made.ends) strand_bytes_ += sizeof end + 4 * (end.tokens.size() + end.nodes.size());
            strands_.push_back(std::make_unique<Strand>(std::move(made)));
            return static_cast<uint32_t>(strands_.size() - 1);
        });
    return *strands_[id];
}

void Engine::spin_bytes(uint32_t first, uint32_t child, Strand& out) {
    const Trie& trie = vocabulary->trie;
    std::vector<std::pair<uint32_t, uint32_t>> todo{{first, child}};
    while (!todo.empty()) {
        const auto [at, node] = todo.back();
        todo.pop_back();
        const State& state = tables->states[at];
        ++out.cost;
        for (uint32_t e = state.a; e < state.a + state.b; ++e) {
            const Edge& edge = tables->edges[e];
            if (edge.low > trie.byte[node] || trie.byte[node] > edge.high) continue;
            if (tables->states[edge.target].kind != BYTES) {
                add_end(edge.target, node, true, out.ends);
                continue;
            }
            for (uint32_t i = trie.first[node]; i < trie.first[node + 1]; ++i) out.tokens.push_back(trie.items[i]);
            Thread next{};
            next.state = edge.target;
            const Live live = live_of(next);
            each_child(node, live.data(), [&](uint32_t below) { todo.push_back({edge.target, below}); });
        }
    }
}

// The nodes of a text in depth-first order; whether one may be reached, only its scope or the labels to come can tell.
void Engine::spin_text(const Thread& thread, uint32_t child, Strand& out) {
    const Trie& trie = vocabulary->trie;
    const SpanReader& span = reader(thread);
    const bool in_scope = span.span.role == IN_SCOPE;
    std::vector<Reading> path(1, thread.reading());
    std::vector<uint32_t> open;  // the steps above, by depth
    const uint32_t top = trie.depth[child];
    for (uint32_t node = child; node < trie.end[child];) {
        const uint32_t depth = trie.depth[node] - top;
        for (; open.size() > depth; open.pop_back()) out.steps[open.back()].skip = static_cast<uint32_t>(out.steps.size());
        Reading next;
        ++out.cost;
        if (!span.step_alone(path[depth], trie.byte[node], next)) {
            node = trie.end[node];
            continue;
        }
        const int32_t label = next.decoder == decoder::START && next.count >= span.span.min_length ? span.dfa.accept[next.state] : -1;
        if (in_scope) {
            open.push_back(static_cast<uint32_t>(out.steps.size()));
            out.steps.push_back({node, next.state, label, 0});
        } else {
            for (uint32_t i = trie.first[node]; i < trie.first[node + 1]; ++i) out.tokens.push_back(trie.items[i]);
            if (label >= 0) add_end(static_cast<uint32_t>(label), node, false, out.ends);  // its tokens are there
        }
        path.resize(depth + 1);
        path.push_back(next);
        ++node;
    }
    for (; !open.empty(); open.pop_back()) out.steps[open.back()].skip = static_cast<uint32_t>(out.steps.size());
}

// Adds what a thread allows below a node, and what is to be looked at behind it.
void Engine::cover_strand(const Thread& thread, uint32_t node, Cover& out) {
    const Strand& strand = strand_of(thread, node);
    charge(strand.cost);
    out.added.insert(out.added.end(), strand.tokens.begin(), strand.tokens.end());
    if (tables->states[thread.state].kind == BYTES) {
        for (const Strand::Ending& end : strand.ends) cover_ending({end.what, thread.frame, thread.registers()}, end, out);
        return;
    }
    const SpanReader& span = reader(thread);
    const Frame frame = frames_[thread.frame];
    auto behind = [&](uint32_t label, auto cover) {
        const uint32_t target = tables->returns[frame.slot + label];
        if (target != DEAD_SLOT) cover(Entry{target, frame.parent, span.finish(thread.reading(), label, frame.registers)});
    };
    for (const Strand::Ending& end : strand.ends)
        behind(end.what, [&](const Entry& entry) { cover_ending(entry, end, out); });
    if (strand.steps.empty()) return;
    const uint32_t choices = span.choices(frame.registers.scope);
    for (size_t i = 0; i < strand.steps.size();) {
        const Strand::Step& step = strand.steps[i];
        if (!span.some(choices, step.state)) {
            i = step.skip;
            continue;
        }
        out.add(vocabulary->trie, step.node);
        const uint32_t label = static_cast<uint32_t>(step.label);
        if (step.label >= 0 && span.has(choices, label))
            behind(label, [&](const Entry& entry) { cover_end(entry, step.node, out); });
        ++i;
    }
}

// Notes that something ends at a node of the trie.
void Engine::add_end(uint32_t what, uint32_t node, bool with_tokens, std::vector<Strand::Ending>& ends) {
    const Trie& trie = vocabulary->trie;
    auto end = std::find_if(ends.begin(), ends.end(), [&](const Strand::Ending& one) { return one.what == what; });
    if (end == ends.end()) end = ends.insert(end, Strand::Ending{what, {}, {}, {}});
    if (with_tokens) end->tokens.insert(end->tokens.end(), trie.items.begin() + trie.first[node], trie.items.begin() + trie.first[node + 1]);
    if (trie.end[node] == node + 1) return;
    end->nodes.push_back(node);
    const Children& children = children_of();
    for (uint32_t i = children.start[node]; i < children.start[node + 1]; ++i) end->below[children.byte[i] >> 6] |= 1ull << (children.byte[i] & 63);
}

// Whether anything may follow what has ended.
bool Engine::goes_on(const Entry& entry, const Follow& follow) {
    if (follow.sure) return true;
    const Closed& closed = closed_of(entry);
    return closed.accepting || closed.size > 0;
}

// The same for all nodes where it ends.
void Engine::cover_ending(const Entry& entry, const Strand::Ending& ending, Cover& out) {
    const Follow follow = follow_of(entry.state, entry.frame);
    if (!ending.tokens.empty() && goes_on(entry, follow)) out.added.insert(out.added.end(), ending.tokens.begin(), ending.tokens.end());
    uint64_t common = 0;
    for (size_t word = 0; word < 4; ++word) common |= ending.below[word] & follow.bytes[word];
    if (common == 0) return;
    for (uint32_t node : ending.nodes)
        if (meets(follow.bytes, node)) behind_.push_back({entry, node});
}

// A text or a rule ends at a node: the token there is allowed if anything may follow, and what may is looked at below it.
void Engine::cover_end(const Entry& entry, uint32_t node, Cover& out) {
    const Follow follow = follow_of(entry.state, entry.frame);
    if (vocabulary->trie.first[node] != vocabulary->trie.first[node + 1] && goes_on(entry, follow)) out.add(vocabulary->trie, node);
    if (meets(follow.bytes, node)) behind_.push_back({entry, node});
}

// The threads behind an end, made once.
const Engine::Closed& Engine::closed_of(const Entry& entry) {
    uint64_t hash = mix(static_cast<uint64_t>(entry.state) << 32 | entry.frame,
                        static_cast<uint64_t>(entry.registers.count) << 32 | entry.registers.seen);
    hash = mix(hash, static_cast<uint64_t>(entry.registers.texts) << 32 | entry.registers.scope);
    const uint32_t id = closed_table_.intern(
        hash, [&](uint32_t i) { return closed_[i].entry == entry; },
        [&] {
            charge(1);
            Closed made{entry, static_cast<uint32_t>(closed_threads_.size()), 0, false};
            work_.assign(1, entry);
            threads_found_.clear();
            close(made.accepting);
            std::sort(threads_found_.begin(), threads_found_.end());
            threads_found_.erase(std::unique(threads_found_.begin(), threads_found_.end()), threads_found_.end());
            if (threads_found_.size() > limits_.threads)
                throw LimitError("threads", std::to_string(threads_found_.size()) + " alternatives are open at once");
            made.size = static_cast<uint32_t>(threads_found_.size());
            closed_threads_.insert(closed_threads_.end(), threads_found_.begin(), threads_found_.end());
            for (const Thread& thread : threads_found_) closed_lives_.push_back(live_of(thread));
            threads_found_.clear();
            closed_.push_back(made);
            return static_cast<uint32_t>(closed_.size() - 1);
        });
    return closed_[id];
}

void Engine::forget_closed() {
    closed_.clear(), closed_threads_.clear(), closed_lives_.clear();
    closed_table_ = IdTable();
}

// Adds to `out` what the threads of a configuration allow.
void Engine::cover_named(const Configuration& here, Cover& out) {
    if (closed_threads_.size() > KEPT) forget_closed();
    behind_.clear();
    for (uint32_t i = here.first; i < here.first + here.size; ++i) {
        const Thread thread = threads_[i];
        if (tables->states[thread.state].kind == SPAN) {
            const SpanReader& span = reader(thread);
            if (span.tracked || span.keys || span.span.json() || thread.b != decoder::START) {
                cover(thread, out);
                continue;
            }
            if (span.span.role == VALUE && ends_of(span, thread.a).is_long) {
                cover_long(thread, out);
                continue;
            }
        }
        cover_strand(thread, ROOT, out);
    }
    IdTable done;  // of what has been looked at, by its place in behind_
    Closed closed{};
    for (size_t i = 0; i < behind_.size(); ++i) {
        const Behind at = behind_[i];
        uint64_t hash = mix(static_cast<uint64_t>(at.node) << 32 | at.entry.state, static_cast<uint64_t>(at.entry.frame) << 32 | at.entry.registers.scope);
        const uint32_t number = static_cast<uint32_t>(i);
        if (done.intern(hash, [&](uint32_t j) { return behind_[j] == at; }, [&] { return number; }) != number) continue;
        if (i == 0 || !(at.entry == behind_[i - 1].entry)) closed = closed_of(at.entry);
        charge(closed.size);
        for (uint32_t j = closed.first; j < closed.first + closed.size; ++j) {
            if (!meets(closed_lives_[j].data(), at.node)) continue;
            const Thread thread = closed_threads_[j];
            const Live live = closed_lives_[j];
            const bool in_span = tables->states[thread.state].kind == SPAN;
            if (in_span && (reader(thread).tracked || reader(thread).keys || reader(thread).span.json()))
                each_child(at.node, live.data(), [&](uint32_t child) { walk_node(vocabulary->trie, intern_thread(thread), child, out); });
            else cover_strand(thread, at.node, out);
        }
    }
}

// A text without bounds that has very many tokens.
void Engine::cover_long(const Thread& thread, Cover& out) {
    const SpanReader& span = reader(thread);
    const Ends& ends = ends_of(span, thread.a);
    if (span.counts || ends.many) return cover(thread, out);
    add_part(part_of(thread, span, out), out);
    const Frame frame = frames_[thread.frame];
    for (const Strand::Ending& end : ends.ends) {
        charge(end.nodes.size());
        const uint32_t target = tables->returns[frame.slot + end.what];
        if (target != DEAD_SLOT) cover_ending({target, frame.parent, span.finish(thread.reading(), end.what, frame.registers)}, end, out);
    }
}

}  // namespace structgen
