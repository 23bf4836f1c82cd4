// JSON Schemas of the plain kind, from Python's dicts to the nodes of grammar/nodes.py in one pass: see formats/json/quick.py.
#pragma once

#include <nanobind/nanobind.h>

namespace structgen {

void bind_schemas(nanobind::module_& m);

}  // namespace structgen
