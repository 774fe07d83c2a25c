/* SPDX-License-Identifier: Apache-2.0 */
/* pprof.h - a profile as pprof has it, in memory. */
#ifndef HUD_FORMAT_PPROF_H
#define HUD_FORMAT_PPROF_H

#include "format/profile.pb-c.h"
#include "tally/model.h"

struct profile_builder;

/* Makes the profile of a model, which must outlive it. */
struct profile_builder *profile_build(const struct model *model);
void profile_free(struct profile_builder *builder);

const Perftools__Profiles__Profile *profile_of(const struct profile_builder *builder);

#endif
