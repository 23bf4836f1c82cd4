#include "engine.hpp"

#include <algorithm>

namespace structgen {

namespace {
constexpr uint32_t NOWHERE = 0, BOTTOM = 0;
constexpr size_t MAX_FOLLOWED = 100'000;  // entries of one closure: ambiguity beyond this is a grammar mistake

uint64_t hash_thread(uint64_t h, const Thread& t) {
    h = mix(h, static_cast<uint64_t>(t.state) << 32 | t.frame);
    h = mix(h, static_cast<uint64_t>(t.a) << 32 | t.b);
    return mix(h, static_cast<uint64_t>(t.c) << 32 | t.d);
}
}  // namespace

Engine::Engine(std::shared_ptr<Vocabulary> v, std::shared_ptr<const Tables> t, Limits limits)
    : vocabulary(std::move(v)), tables(std::move(t)), limits_(limits), summaries_(*vocabulary, *tables),
      scopes_(&tables->names) {
    rules_.reserve(tables->key_sets.size());
    for (const KeySet& keys : tables->key_sets) rules_.emplace_back(keys, stores_);
    for (const Span& span : tables->spans) vocabulary->prepare(span.encoding);
    readers_.reserve(tables->spans.size());
    for (const Span& span : tables->spans)
        readers_.emplace_back(*tables->dfas[span.dfa], span, stores_, span.role == KEY ? &rules_[span.key_set] : nullptr,
                              scopes_);
    seen_in_.assign(tables->states.size(), 0);
    frames_.push_back({0, 0, {}});
    intern(false);  // NOWHERE
    work_.push_back({tables->start, BOTTOM, {}});
    bool accepting = false;
    close(accepting);
    start_ = intern(accepting);
}

uint32_t Engine::intern(bool accepting) {
    auto& found = threads_found_;
    if (found.size() > 1) {
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
    }
    if (found.size() > limits_.threads)
        throw LimitError("threads", std::to_string(found.size()) + " alternatives are open at once");
    uint64_t hash = accepting;
    for (const Thread& t : found) hash = hash_thread(hash, t);
    uint32_t id = configuration_table_.intern(
        hash,
        [&](uint32_t i) {
            const Configuration& c = configurations_[i];
            return c.size == found.size() && c.accepting == accepting &&
                   std::equal(found.begin(), found.end(), threads_.begin() + c.first);
        },
        [&] {
            bool loops = false;
            if (found.size() == 1 && !accepting && tables->states[found[0].state].kind == SPAN) {
                const SpanReader& span = reader(found[0]);
                loops = span.span.json() && span.free && !span.counts && found[0].b == decoder::START && box_of(found[0]) == 0;
            }
            configurations_.push_back({static_cast<uint32_t>(threads_.size()), static_cast<uint16_t>(found.size()),
                                       accepting, loops, NONE});
            threads_.insert(threads_.end(), found.begin(), found.end());
            return static_cast<uint32_t>(configurations_.size() - 1);
        });
    found.clear();
    return id;
}

uint32_t Engine::intern_frame(const Frame& frame) {
    uint64_t hash = mix(static_cast<uint64_t>(frame.slot) << 32 | frame.parent,
                        static_cast<uint64_t>(frame.registers.count) << 32 | frame.registers.seen);
    return frame_table_.intern(
        mix(hash, static_cast<uint64_t>(frame.registers.scope) << 32 | frame.registers.texts), [&](uint32_t i) { return frames_[i] == frame; },
        [&] {
            frames_.push_back(frame);
            return static_cast<uint32_t>(frames_.size() - 1);
        });
}

uint32_t Engine::intern_thread(const Thread& thread) {
    threads_found_.assign(1, thread);
    return intern(false);
}

void Engine::close(bool& accepting) {
    seen_.clear();
    if (++closures_ == 0) std::fill(seen_in_.begin(), seen_in_.end(), closures_++);
    while (!work_.empty()) {
        Entry entry = work_.back();
        work_.pop_back();
        const State& state = tables->states[entry.state];
        switch (state.kind) {
            case BYTES:
                threads_found_.push_back(
                    {entry.state, entry.frame, entry.registers.count, entry.registers.seen, entry.registers.texts,
                     entry.registers.scope});
                break;
            case SPAN: enter_span(entry); break;
            case RETURN:
                if (entry.frame == BOTTOM) {
                    accepting = true;
                    break;
                }
                [[fallthrough]];
            default:
                // Loops without a byte go through splits and calls alone; everything else moves on.
                if (state.kind == SPLIT || state.kind == CALL || state.kind == COUNT) {
                    uint32_t& last = seen_in_[entry.state];
                    if (last == closures_ && std::find(seen_.begin(), seen_.end(), entry) != seen_.end()) break;
                    last = closures_;
                    seen_.push_back(entry);
                    if (seen_.size() > MAX_FOLLOWED / 25)
                        throw LimitError("threads", "a step follows too many alternatives");
                }
                follow(entry);
        }
        if (work_.size() > MAX_FOLLOWED || threads_found_.size() > MAX_FOLLOWED)
            throw LimitError("threads", "a step follows too many alternatives");
    }
    if (scopes_.boxed && !searching_) prune_found();
}

void Engine::follow(const Entry& entry) {
    const State& state = tables->states[entry.state];
    switch (state.kind) {
        case SPLIT:
            for (uint32_t i = 0; i < state.b; ++i)
                work_.push_back({tables->targets[state.a + i], entry.frame, entry.registers});
            break;
        case CALL: {
            const uint32_t target = tables->returns[state.b];
            const bool tail = target != DEAD_SLOT && tables->states[target].kind == RETURN && tables->states[target].a == 0;
            Registers fresh, waiting = entry.registers;
            fresh.scope = waiting.scope, waiting.scope = 0;
            work_.push_back({state.a, tail ? entry.frame : intern_frame({state.b, entry.frame, waiting}), fresh});
            break;
        }
        case RETURN: {
            Frame frame = frames_[entry.frame];
            frame.registers.scope = entry.registers.scope;
            const size_t slot = static_cast<size_t>(frame.slot) + state.a;
            if (slot < tables->returns.size() && tables->returns[slot] != DEAD_SLOT)
                work_.push_back({tables->returns[slot], frame.parent, frame.registers});
            break;
        }
        case COUNT: {
            Registers r = entry.registers;
            r.count = std::min(r.count + 1, state.b);
            work_.push_back({state.a, entry.frame, r});
            break;
        }
        case SCOPE: {
            Registers r = entry.registers;
            r.scope = scopes_.after(state.b, r.scope);
            if (r.scope != NONE) work_.push_back({state.a, entry.frame, r});
            break;
        }
        default:
            if (passes(state, entry.registers)) work_.push_back({state.a, entry.frame, entry.registers});
    }
}

bool Engine::passes(const State& state, const Registers& r) const {
    switch (state.kind) {
        case AT_LEAST: return r.count >= state.b;
        case BELOW: return r.count < state.b;
        case ROOM: return state.b >= INFINITE || stores_.sets.size(r.texts) < state.b;
        case MORE: return rules_[state.b].more(r);
        default: return rules_[state.b].may_close(r);
    }
}

void Engine::enter_span(const Entry& entry) {
    const State& state = tables->states[entry.state];
    Reading reading;
    if (!readers_[state.a].begin(entry.registers, reading)) return;
    Thread thread{entry.state, intern_frame({state.b, entry.frame, entry.registers}),
                  reading.state, reading.decoder, reading.count, reading.text};
    threads_found_.push_back(thread);
    if (!readers_[state.a].span.json()) finish(thread);
}

// Goes on behind a text that ends here; a raw text may end wherever it is complete.
void Engine::finish(const Thread& thread) {
    const SpanReader& span = reader(thread);
    const Frame frame = frames_[thread.frame];
    const int32_t label = span.label(thread.reading(), frame.registers);
    if (label < 0) return;
    const uint32_t target = tables->returns[frame.slot + static_cast<uint32_t>(label)];
    if (target == DEAD_SLOT) return;
    work_.push_back({target, frame.parent, span.finish(thread.reading(), static_cast<uint32_t>(label), frame.registers)});
}

// The configuration behind a text that has ended with a label, whatever the text was (`text` must equal no other).
uint32_t Engine::finished(const Thread& thread, uint32_t label, uint32_t text) {
    const Frame frame = frames_[thread.frame];
    const uint32_t target = tables->returns[frame.slot + label];
    if (target == DEAD_SLOT) return NOWHERE;
    Reading reading = thread.reading();
    reading.text = text;
    work_.push_back({target, frame.parent, reader(thread).finish(reading, label, frame.registers)});
    bool accepting = false;
    close(accepting);
    return intern(accepting);
}

uint32_t Engine::step(uint32_t configuration, uint32_t byte) {
    const uint64_t key = static_cast<uint64_t>(configuration) << 8 | byte;
    uint32_t following = steps_.find(key);
    if (following == NONE) {
        following = step_cold(configuration, byte);
        steps_.insert(key, following);
    }
    return following;
}

void Engine::step_thread(const Thread& thread, uint32_t byte) {
    const State& state = tables->states[thread.state];
    if (state.kind == BYTES) {
        for (uint32_t e = state.a; e < state.a + state.b; ++e) {
            const Edge& edge = tables->edges[e];
            if (edge.low > byte || byte > edge.high) continue;
            Registers registers = thread.registers();
            if (scopes_.boxed && registers.scope) registers.scope = scopes_.boxes.after_byte(registers.scope, byte, stores_.texts);
            if (registers.scope != NONE) work_.push_back({edge.target, thread.frame, registers});
        }
        return;
    }
    const SpanReader& span = reader(thread);
    const Registers waiting = frames_[thread.frame].registers;
    Reading reading;
    bool ended;
    if (!span.step(thread.reading(), byte, waiting, reading, ended)) return;
    if (ended) {
        finish(thread);
        return;
    }
    const Thread next{thread.state, thread.frame, reading.state, reading.decoder, reading.count, reading.text};
    threads_found_.push_back(next);
    if (!span.span.json()) finish(next);
}

uint32_t Engine::step_cold(uint32_t configuration, uint32_t byte) {
    ++cold_steps;
    const Configuration here = configurations_[configuration];
    threads_found_.clear();
    work_.clear();
    for (uint32_t i = here.first; i < here.first + here.size; ++i) {
        const Thread thread = threads_[i];
        step_thread(thread, byte);
    }
    if (work_.empty() && threads_found_.empty()) return NOWHERE;
    bool accepting = false;
    close(accepting);
    return intern(accepting);
}

uint32_t Engine::walk(uint32_t configuration, std::string_view text) {
    for (char byte : text) {
        if (configuration == NOWHERE) break;
        configuration = step(configuration, static_cast<uint8_t>(byte));
    }
    return configuration;
}

uint32_t Engine::advance(uint32_t configuration, uint32_t token) {
    const Configuration& here = configurations_[configuration];
    if (here.loops && vocabulary->returns[token] && vocabulary->is_written(token, reader(threads_[here.first]).span.encoding))
        return configuration;
    std::string_view text = vocabulary->text(token);
    return text.empty() ? NOWHERE : walk(configuration, text);
}

bool Engine::explore(uint32_t budget, uint64_t max_states, uint64_t max_bytes) {
    while (budget-- > 0) {
        if (explored_ >= configurations_.size()) return true;
        if (explored_ >= max_states || memory_bytes() > max_bytes) return false;
        if (explored_ != NOWHERE) {
            mask_of(explored_);
            uint64_t live[4];
            live_bytes(explored_, live);
            for (uint32_t byte = 0; byte < 256; ++byte)
                if (live[byte >> 6] >> (byte & 63) & 1) step(explored_, byte);
        }
        ++explored_;
    }
    return explored_ >= configurations_.size();
}

size_t Engine::memory_bytes() const {
    size_t rows = 0;
    for (const auto& row : rows_) rows += 4 * row->size();
    return sizeof(Frame) * frames_.size() + sizeof(Thread) * threads_.size() +
           sizeof(Configuration) * configurations_.size() + frame_table_.bytes() + configuration_table_.bytes() +
           steps_.bytes() + leavers_.bytes() + summaries_.bytes() + follow_ids_.bytes() + sizeof(Follow) * follows_.size() + strand_bytes_ + strand_table_.bytes() +
           sizeof(Live) * lives_.size() + live_ids_.bytes() + (sizeof(Thread) + sizeof(Live)) * closed_threads_.size() +
           sizeof(Closed) * closed_.size() + closed_table_.bytes() + sizeof(Mask) * masks_.size() + 4 * items_.size() + rows +
           stores_.texts.bytes() + stores_.sets.bytes() + stores_.names.bytes() + scopes_.bytes() +
           (sizeof(Thread) + 24) * differs_.size();
}

// Starts anew and brings over what live matchers stand on. Numbers change, so `kept` is written back. Listed names keep
// their numbers: there are at most as many sets of them as objects were generated with more than 32.
void Engine::compact(std::vector<uint32_t*>& kept) {
    const std::vector<Frame> frames = std::move(frames_);
    const std::vector<Thread> threads = std::move(threads_);
    const std::vector<Configuration> configurations = std::move(configurations_);
    const TextStore texts = std::move(stores_.texts);
    const SetStore sets = std::move(stores_.sets);
    const Scopes scopes = std::move(scopes_);
    scopes_ = Scopes(&tables->names);
    stores_.texts = TextStore();
    stores_.sets = SetStore();
    frames_.clear(), threads_.clear(), configurations_.clear(), masks_.clear(), items_.clear(), rows_.clear();
    frame_table_ = configuration_table_ = IdTable();
    steps_ = leavers_ = follow_ids_ = KeyMap();
    follows_.clear(), strands_.clear();
    strand_table_ = IdTable();
    strand_bytes_ = 0;
    forget_closed();
    summaries_.clear();
    differs_.clear();
    explored_ = promoted_ = 0;
    frames_.push_back({0, 0, {}});
    threads_found_.clear();
    intern(false);

    auto text = [&](uint32_t old) {
        if (old <= TextStore::UNLIKE) return old;
        std::string reversed;
        for (; old > TextStore::UNLIKE; old = texts.parent(old)) reversed.push_back(static_cast<char>(texts.byte(old)));
        for (auto byte = reversed.rbegin(); byte != reversed.rend(); ++byte)
            old = stores_.texts.child(old, static_cast<uint8_t>(*byte));
        return old;
    };
    auto set = [&](uint32_t old) {
        uint32_t made = 0;
        for (const uint32_t* p = sets.begin(old); p != sets.end(old); ++p) made = stores_.sets.with(made, text(*p));
        return made;
    };
    auto scope = [&](uint32_t old) {
        return scopes.boxed ? scopes_.boxes.bring(scopes.boxes, old, text) : scopes_.bring(scopes, old);
    };
    std::vector<uint32_t> made(frames.size(), NONE), chain;
    made[BOTTOM] = BOTTOM;
    auto frame = [&](uint32_t old) {
        chain.clear();
        for (uint32_t f = old; made[f] == NONE; f = frames[f].parent) chain.push_back(f);
        for (; !chain.empty(); chain.pop_back()) {
            Frame copy = frames[chain.back()];
            copy.parent = made[copy.parent];
            copy.registers.texts = set(copy.registers.texts);
            copy.registers.scope = scope(copy.registers.scope);
            made[chain.back()] = intern_frame(copy);
        }
        return made[old];
    };
    auto bring = [&](uint32_t old) {
        const Configuration& c = configurations[old];
        threads_found_.clear();
        for (uint32_t i = c.first; i < c.first + c.size; ++i) {
            Thread t = threads[i];
            t.frame = frame(t.frame);
            if (tables->states[t.state].kind == SPAN) t.d = text(t.d);
            else t.c = set(t.c), t.d = scope(t.d);
            threads_found_.push_back(t);
        }
        return intern(c.accepting);
    };
    start_ = bring(start_);
    for (uint32_t* id : kept) *id = bring(*id);
}

std::vector<Thread> Engine::threads(uint32_t configuration) const {
    const Configuration& c = configurations_[configuration];
    return {threads_.begin() + c.first, threads_.begin() + c.first + c.size};
}

}  // namespace structgen
