// A grammar compiled for a vocabulary, and the outputs that are being generated with it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine.hpp"

namespace structgen {

class Matcher;

class Grammar {
public:
    Grammar(std::shared_ptr<Vocabulary> vocabulary, std::shared_ptr<const Tables> tables, Limits limits)
        : engine(std::move(vocabulary), std::move(tables), limits) {}

    // Frees what no live matcher stands on once the caches are over their budget; `also` is a place to keep beside. Looks
    // only after much work, before the next step, so that a refusal leaves every matcher where it was. The engine's mutex
    // must be held.
    void make_room(uint32_t* also = nullptr);

    Engine engine;
    uint64_t looked_at = 0;         // the engine's work when its memory was last looked at
    std::vector<Matcher*> matchers;  // the live ones, so that compacting can renumber them
};

// One output: the configuration it is in and those it came through. Every call takes the grammar's mutex.
class Matcher {
public:
    static constexpr uint32_t FINISHED = 0xFFFFFFFF;

    explicit Matcher(std::shared_ptr<Grammar> grammar);
    Matcher(const Matcher& other);
    Matcher& operator=(const Matcher&) = delete;
    ~Matcher();

    void fill(uint32_t* out);         // ceil(V / 32) words
    void fill_locked(uint32_t* out);  // the same, the mutex being held
    void fill_by_steps(uint32_t* out);
    bool advance(uint32_t token);
    bool advance_text(std::string_view text);
    bool rollback(size_t count);
    void reset();
    bool accepting();
    bool finished() const { return current_ == FINISHED; }
    size_t taken() const { return history_.size(); }
    uint32_t configuration() const { return current_; }

    const std::shared_ptr<Grammar> grammar;

private:
    friend class Grammar;
    bool take(uint32_t following);
    void enlist();

    uint32_t current_;
    std::vector<uint32_t> history_;
    size_t place_ = 0;  // in grammar->matchers
};

}  // namespace structgen
