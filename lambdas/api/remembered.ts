/**
 * Asks once in so many milliseconds, and answers the same in between; callers at the same time share one asking. A
 * failure is told to those who wait for it, and not remembered.
 */
export function remembered<Answer>(
  milliseconds: number,
  now: () => Date,
  ask: () => Promise<Answer>,
): () => Promise<Answer> {
  let kept: { readonly answer: Promise<Answer>; readonly until: number } | undefined;
  return () => {
    const at = now().getTime();
    if (kept && at < kept.until) return kept.answer;
    const asked = { answer: ask(), until: at + milliseconds };
    kept = asked;
    asked.answer.catch(() => {
      if (kept === asked) kept = undefined;
    });
    return asked.answer;
  };
}
