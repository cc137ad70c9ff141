/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The NuGet packages that a .NET application was published with: NAME.deps.json (dotnet/runtime,
 * documentation of the host, "deps.json"), which a single-file bundle holds inside (dotnet/runtime,
 * src/installer/managed/Microsoft.NET.HostModel/Bundle/Manifest.cs). */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct dotnet_file {
        const char *package; /* index by name of the library: "Newtonsoft.Json" */
        const char *path;    /* as published: "lib/net6.0/Newtonsoft.Json.dll" */
};

struct dotnet_library {
        const char *name, *version;
        bool package; /* from NuGet; else the application's own project */
};

struct dotnet_deps {
        VEC(struct dotnet_library) libraries;
        VEC(struct dotnet_file) files; /* run-time assemblies and native libraries of `targets` */
};

void dotnet_deps_done(struct dotnet_deps *d);
#define _cleanup_dotnet_deps_ _cleanup_(dotnet_deps_done)

/* 0, -EBADMSG, -EFBIG, -ENOMEM. Appends. */
int dotnet_deps_parse(struct span json, struct arena *a, struct dotnet_deps *to);

/* Where the deps.json of a single-file bundle lies in the executable's bytes. `data`: the part of them in
 * which the marker may lie (its section .data). 0, -ENOENT: no bundle, or one without it. */
int dotnet_bundle_find(struct span bytes, struct span data, struct span *ret_deps);
