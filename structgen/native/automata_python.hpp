// The automata of texts, as Python calls them; structgen/_native.pyi is the readable form.
#pragma once

#include <nanobind/nanobind.h>

namespace structgen {

void bind_automata(nanobind::module_& m);

}  // namespace structgen
