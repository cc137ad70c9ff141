/* SPDX-License-Identifier: Apache-2.0 */

/* Started by the sensor, for itself: does what the hooks must see. */

#include "cli/cli.h"
#include "sensor/sensor.h"

static int run(_unused_ int argc, _unused_ char **argv)
{
        return sensor_prove_main();
}

const struct command command_self_prove = {.name = "self-prove", .run = run};
