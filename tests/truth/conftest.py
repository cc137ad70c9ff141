# SPDX-License-Identifier: Apache-2.0
import pytest
import write


@pytest.fixture(scope="session")
def accuracy():
    """Scores of this run; written to docs/accuracy.md where everything was run."""
    scores = []
    yield scores
    write.table(scores)
