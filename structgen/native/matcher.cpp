#include "matcher.hpp"

#include <algorithm>

namespace structgen {

void Grammar::make_room(uint32_t* also) {
    constexpr uint64_t WORK_BETWEEN_LOOKS = 512;  // steps and masks; at some 300 bytes a step, 150 KB
    const uint64_t work = engine.cold_steps + 16 * engine.masks_computed;
    if (work - looked_at < WORK_BETWEEN_LOOKS) return;
    looked_at = work;
    if (!engine.over_budget()) return;
    std::vector<uint32_t*> kept;
    if (also) kept.push_back(also);
    for (Matcher* m : matchers) {
        if (m->current_ != Matcher::FINISHED) kept.push_back(&m->current_);
        for (uint32_t& id : m->history_)
            if (id != Matcher::FINISHED) kept.push_back(&id);
    }
    engine.compact(kept);
    if (engine.over_budget()) throw LimitError("cache_bytes", "the outputs being generated need more memory than that");
}

Matcher::Matcher(std::shared_ptr<Grammar> g) : grammar(std::move(g)) {
    std::lock_guard lock(grammar->engine.mutex);
    current_ = grammar->engine.start();
    enlist();
}

Matcher::Matcher(const Matcher& other) : grammar(other.grammar) {
    std::lock_guard lock(grammar->engine.mutex);
    current_ = other.current_;
    history_ = other.history_;
    enlist();
}

Matcher::~Matcher() {
    std::lock_guard lock(grammar->engine.mutex);
    auto& all = grammar->matchers;
    all[place_] = all.back();
    all[place_]->place_ = place_;
    all.pop_back();
}

void Matcher::enlist() {
    place_ = grammar->matchers.size();
    grammar->matchers.push_back(this);
}

void Matcher::fill(uint32_t* out) {
    std::lock_guard lock(grammar->engine.mutex);
    fill_locked(out);
}

void Matcher::fill_locked(uint32_t* out) {
    Engine& engine = grammar->engine;
    const Vocabulary& vocabulary = *engine.vocabulary;
    bool ended = true;
    if (current_ == FINISHED) {
        std::fill(out, out + vocabulary.words(), 0u);
    } else {
        grammar->make_room();
        engine.fill(current_, out);
        ended = engine.accepting(current_);
    }
    if (ended)
        for (uint32_t token : vocabulary.end_tokens()) out[token >> 5] |= 1u << (token & 31);
}

void Matcher::fill_by_steps(uint32_t* out) {
    std::lock_guard lock(grammar->engine.mutex);
    Engine& engine = grammar->engine;
    if (current_ == FINISHED) std::fill(out, out + engine.vocabulary->words(), 0u);
    else engine.fill_by_steps(current_, out);
    if (current_ == FINISHED || engine.accepting(current_))
        for (uint32_t token : engine.vocabulary->end_tokens()) out[token >> 5] |= 1u << (token & 31);
    grammar->make_room();
}

bool Matcher::advance(uint32_t token) {
    std::lock_guard lock(grammar->engine.mutex);
    Engine& engine = grammar->engine;
    if (engine.vocabulary->is_end(token))
        return current_ == FINISHED || engine.accepting(current_) ? take(FINISHED) : false;
    if (current_ == FINISHED) return false;
    grammar->make_room();
    return take(engine.advance(current_, token));
}

bool Matcher::advance_text(std::string_view text) {
    std::lock_guard lock(grammar->engine.mutex);
    if (current_ == FINISHED) return false;
    uint32_t at = current_;
    do {  // a long text in pieces, with room made between them
        grammar->make_room(&at);
        at = grammar->engine.walk(at, text.substr(0, 1024));
        text.remove_prefix(std::min<size_t>(text.size(), 1024));
    } while (at != 0 && !text.empty());
    return take(at);
}

bool Matcher::take(uint32_t following) {
    if (following == 0) return false;
    history_.push_back(current_);
    current_ = following;
    return true;
}

bool Matcher::rollback(size_t count) {
    if (count > history_.size()) return false;
    if (count) {
        current_ = history_[history_.size() - count];
        history_.resize(history_.size() - count);
    }
    return true;
}

void Matcher::reset() {
    std::lock_guard lock(grammar->engine.mutex);
    current_ = grammar->engine.start();
    history_.clear();
}

bool Matcher::accepting() {
    std::lock_guard lock(grammar->engine.mutex);
    return current_ == FINISHED || grammar->engine.accepting(current_);
}

}  // namespace structgen
