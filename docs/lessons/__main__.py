"""Build every lesson: compare, then write pages and figures. Exit code 1 if Paddle and refimpl disagree."""

from __future__ import annotations

import sys

from docs.lessons import activation, batch_norm, dropout, pooling, vanishing
from docs.lessons.page import files

LESSONS = (pooling.lesson, activation.lesson, vanishing.lesson, batch_norm.lesson, dropout.lesson)


def main() -> int:
    """Build them in order; nothing is written for a lesson whose numbers disagree."""
    wrong = 0
    for make in LESSONS:
        lesson = make()
        apart = [pair for pair in lesson.pairs if not pair.worst() <= 1]
        for pair in apart:
            print(f"{lesson.name}: {pair.what} differs by {pair.worst():.3g} times what is allowed")
        for path, text in files(lesson).items() if not apart else ():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        print(f"{lesson.name}: {len(lesson.pairs)} comparisons, {len(apart)} beyond their bound")
        wrong += len(apart)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
