// Configurations, steps and masks of one grammar over one vocabulary: the twin of matching/engine.py, which explains the
// ideas. What is here and not there is speed: steps and masks found again by what they depend on, shared base rows with
// short differences, and walks that never build a configuration while they are inside a text.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "spans.hpp"
#include "summaries.hpp"

namespace structgen {

// One way to read the text so far. In a span the registers are those of the reading and its activation waits in the frame.
struct Thread {
    uint32_t state, frame;
    uint32_t a, b, c, d;  // count, seen, texts, scope - or the reading: state, decoder, count, text
    auto operator<=>(const Thread&) const = default;
    Reading reading() const { return {a, b, c, d}; }
    Registers registers() const { return {a, b, c, d}; }
};

// Where a thread returns to, and the registers of the activation that waits there.
struct Frame {
    uint32_t slot, parent;
    Registers registers;
    bool operator==(const Frame&) const = default;
};

struct Configuration {
    uint32_t first;      // its threads: threads_[first] to threads_[first + size]
    uint16_t size;
    bool accepting;
    bool loops;          // one unconstrained JSON string: tokens inside it lead back here
    uint32_t mask = NONE;
};

// base row (NONE: zeros) plus the tokens added and taken away; `items` holds the added ones, then the removed ones.
struct Mask {
    const uint32_t* base = nullptr;
    uint32_t first = 0, added = 0, removed = 0, uses = 0;
};

class Engine {
public:
    Engine(std::shared_ptr<Vocabulary> vocabulary, std::shared_ptr<const Tables> tables, Limits limits);

    uint32_t start() const { return start_; }
    uint32_t step(uint32_t configuration, uint32_t byte);
    uint32_t walk(uint32_t configuration, std::string_view text);
    uint32_t advance(uint32_t configuration, uint32_t token);
    bool accepting(uint32_t configuration) const { return configurations_[configuration].accepting; }
    bool empty(uint32_t configuration) const { return configurations_[configuration].size == 0; }
    // Writes the mask, end tokens not among them.
    void fill(uint32_t configuration, uint32_t* out);
    // The same by stepping every byte prefix of every token, with nothing remembered or shared: what masks are tested by.
    void fill_by_steps(uint32_t configuration, uint32_t* out);
    // Explores breadth first from where the last call stopped, at most `budget` configurations; true when all is known.
    bool explore(uint32_t budget, uint64_t max_states, uint64_t max_bytes);

    size_t memory_bytes() const;
    // Drops every configuration and mask except those in `kept`, which become their new numbers.
    void compact(std::vector<uint32_t*>& kept);
    bool over_budget() const { return memory_bytes() > limits_.cache_bytes; }
    std::vector<Thread> threads(uint32_t configuration) const;
    Frame frame(uint32_t id) const { return frames_[id]; }
    const Stores& stores() const { return stores_; }
    const Scopes& scopes() const { return scopes_; }

    const std::shared_ptr<Vocabulary> vocabulary;
    const std::shared_ptr<const Tables> tables;
    uint64_t masks_computed = 0, cold_steps = 0, nodes_visited = 0;
    uint32_t n_configurations() const { return static_cast<uint32_t>(configurations_.size()); }
    uint32_t explored() const { return explored_; }
    std::mutex mutex;

private:
    struct Entry {
        uint32_t state, frame;
        Registers registers;
        bool operator==(const Entry&) const = default;
    };
    struct Cover;  // what a mask is collected in
    // The bytes that may follow, or some more; `sure`: something may, whatever the scope.
    struct Follow {
        uint64_t bytes[4] = {};
        bool sure = false;
    };
    struct Beginning {
        Follow follow;
        std::vector<std::pair<uint32_t, bool>> returns;  // labels, and whether surely
    };
    using Live = std::array<uint64_t, 4>;
    // What a thread reads below a node (walks.cpp): the tokens, or for names the nodes in depth-first order, with the label
    // of a name that ends there and the step behind the subtree; and where something ends, as a state or a label.
    struct Strand {
        struct Step {
            uint32_t node, state;
            int32_t label;
            uint32_t skip;
        };
        // What ends alike: a state or a label, the tokens that end with it, and the nodes that have something below, with
        // the bytes that stand there.
        struct Ending {
            uint32_t what;
            std::vector<uint32_t> tokens, nodes;
            Live below{};
        };
        std::array<uint32_t, 5> key{};
        std::vector<uint32_t> tokens;
        std::vector<Step> steps;
        std::vector<Ending> ends;
        uint64_t cost = 0;
    };
    // Where a raw text may end inside a token.
    struct Ends {
        bool is_long = false, many = false;
        std::vector<Strand::Ending> ends;
    };
    struct Closed {
        Entry entry;
        uint32_t first, size;  // of closed_threads_
        bool accepting;
    };
    struct Behind {
        Entry entry;
        uint32_t node;
        bool operator==(const Behind&) const = default;
    };

    uint32_t intern(bool accepting);  // of threads_found_
    uint32_t intern_frame(const Frame& frame);
    uint32_t intern_thread(const Thread& thread);
    void close(bool& accepting);  // from work_, into threads_found_
    void follow(const Entry& entry);
    void enter_span(const Entry& entry);
    void finish(const Thread& thread);
    bool passes(const State& state, const Registers& registers) const;
    uint32_t step_cold(uint32_t configuration, uint32_t byte);
    void step_thread(const Thread& thread, uint32_t byte);  // into work_ and threads_found_

    // differ.cpp: what is being written inside lists whose items must differ
    uint32_t box_of(const Thread& thread) const {
        return !scopes_.boxed ? 0 : tables->states[thread.state].kind == SPAN ? frames_[thread.frame].registers.scope : thread.d;
    }
    bool can_differ(const Thread& thread);
    bool find_different(const Thread& thread);
    void bytes_of(const Thread& thread, std::vector<uint32_t>& out) const;
    void prune_found();
    void cover_boxed(const Thread& thread, Cover& out);
    uint32_t finished(const Thread& thread, uint32_t label, uint32_t text);
    const SpanReader& reader(const Thread& thread) const { return readers_[tables->states[thread.state].a]; }

    // masks.cpp
    uint32_t mask_of(uint32_t configuration);
    void cover(const Thread& thread, Cover& out);
    bool cover_string(const Thread& thread, const SpanReader& span, Cover& out);
    Thread canonical_thread(const Thread& thread) const;
    void cover_leavers(uint32_t after, uint32_t least, uint32_t most, uint8_t independence, uint8_t encoding,
                       Cover& out);
    uint32_t leaver_groups(uint32_t after, uint8_t independence);
    bool cover_part(const Thread& thread, const SpanReader& span, Cover& out);
    bool cover_rules(const Configuration& here, Cover& out);
    void cover_rules(const Thread& thread, Cover& out);
    void go_on(uint32_t heads, uint32_t state, uint32_t frame, Cover& out);
    void first_bytes(uint32_t state, uint32_t frame, Summaries::Bytes& out, uint32_t depth = 0);
    bool cover_raw_key(const Thread& thread, const SpanReader& span, Cover& out);
    bool cover_exits(const Thread& thread, const SpanReader& span, uint32_t after, Cover& out);
    const Part& part_of(const Thread& thread, const SpanReader& span, Cover& out);
    std::vector<uint32_t> correct_keys(const Thread& thread, const SpanReader& span, const Trie& trie,
                                       uint8_t independence, size_t before, Cover& out);
    bool special(const SpanReader& span, const Reading& reading, const Registers& waiting) const;
    void sort_tokens(std::vector<uint32_t>& tokens);
    void keep_row(Cover& cover, Mask& mask);
    void promote(Mask& mask);
    void union_row(Cover& cover, Mask& mask, std::vector<uint32_t>& removed);
    void cover_text(const Thread& thread, const SpanReader& span, Cover& out);
    void walk_trie(const Trie& trie, uint32_t configuration, uint32_t first, uint32_t last, uint32_t depth, Cover& out);
    void walk_node(const Trie& trie, uint32_t configuration, uint32_t node, Cover& out);
    void walk_root(const Trie& trie, uint32_t configuration, Cover& out);
    void live_bytes(uint32_t configuration, uint64_t live[4]) const;
    void live_bytes(const Thread* first, const Thread* last, uint64_t live[4]) const;
    void add_part(const Part& part, Cover& out);
    uint32_t store(Cover& cover);
    void charge(uint64_t steps);

    // walks.cpp
    const Beginning& beginning_of(uint32_t state);
    Follow follow_of(uint32_t state, uint32_t frame, uint32_t depth = 0);
    const Children& children_of() {
        if (!children_) children_ = &vocabulary->children();
        return *children_;
    }
    const Ends& ends_of(const SpanReader& span, uint32_t state);
    void find_ends(const Dfa& dfa, uint32_t state, Ends& found);
    template <class Take>
    void each_child(uint32_t above, const uint64_t live[4], Take take);
    bool meets(const uint64_t live[4], uint32_t node);
    const Live& live_of(const Thread& thread);
    const Strand& strand_of(const Thread& thread, uint32_t node);
    void spin_bytes(uint32_t first, uint32_t child, Strand& out);
    void spin_text(const Thread& thread, uint32_t child, Strand& out);
    void cover_strand(const Thread& thread, uint32_t node, Cover& out);
    void add_end(uint32_t what, uint32_t node, bool with_token, std::vector<Strand::Ending>& ends);
    void cover_ending(const Entry& entry, const Strand::Ending& ending, Cover& out);
    void cover_end(const Entry& entry, uint32_t node, Cover& out);
    bool goes_on(const Entry& entry, const Follow& follow);
    const Closed& closed_of(const Entry& entry);
    void forget_closed();
    void cover_named(const Configuration& here, Cover& out);
    void cover_long(const Thread& thread, Cover& out);

    Limits limits_;
    Summaries summaries_;
    Stores stores_;
    Scopes scopes_;
    std::vector<KeyRules> rules_;
    std::vector<SpanReader> readers_;
    std::vector<Frame> frames_;
    std::vector<Thread> threads_;
    std::vector<Configuration> configurations_;
    IdTable frame_table_, configuration_table_;
    KeyMap steps_, leavers_;
    std::vector<Mask> masks_;
    std::vector<uint32_t> items_;
    std::vector<std::unique_ptr<std::vector<uint32_t>>> rows_;  // dense bases of this grammar alone
    uint32_t start_ = 0;
    uint32_t explored_ = 0;
    uint64_t steps_left_ = 0;
    uint32_t promoted_ = 0;

    std::vector<Thread> threads_found_;
    std::vector<Entry> work_, seen_;
    std::vector<uint32_t> seen_in_;  // a state: the closure that last came to it
    uint32_t closures_ = 0;

    KeyMap follow_ids_, end_ids_, live_ids_;
    std::vector<Follow> follows_;
    std::vector<std::unique_ptr<Beginning>> beginnings_;  // of each state
    const Children* children_ = nullptr;                  // of the vocabulary
    std::vector<std::unique_ptr<Ends>> ends_;
    std::vector<Live> lives_;
    IdTable strand_table_, closed_table_;
    std::vector<std::unique_ptr<Strand>> strands_;
    size_t strand_bytes_ = 0;
    std::vector<Closed> closed_;
    std::vector<Thread> closed_threads_;
    std::vector<Live> closed_lives_;  // of each of them
    std::vector<uint32_t> scratch_;   // a row of zeros
    std::vector<Behind> behind_;
    struct ThreadHash {
        size_t operator()(const Thread& thread) const;
    };
    std::unordered_map<Thread, bool, ThreadHash> differs_;
    bool searching_ = false;
};

}  // namespace structgen
