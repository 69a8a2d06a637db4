/** One answer of one environment; `holds` is missing where the request failed. */
export interface Answered {
  readonly environmentId: string | undefined;
  readonly holds: string | undefined;
  readonly endedAt: number;
}

/**
 * When so many environments held a version and no environment answered by another one any more: the later of the first moment at
 * which the last of them answered by it, and the last answer by another version. `undefined` where that was not seen. Pure.
 */
export function convergedAt(
  answers: readonly Answered[],
  { version, environments, promotedAt }: { version: string; environments: number; promotedAt: number },
): number | undefined {
  const since = answers.filter(({ endedAt }) => endedAt >= promotedAt).sort((a, b) => a.endedAt - b.endedAt);
  const fresh = new Set<string>();
  let allFreshAt: number | undefined;
  let lastStaleAt = promotedAt;
  for (const { environmentId, holds, endedAt } of since) {
    if (environmentId === undefined || holds === undefined) continue;
    if (holds !== version) lastStaleAt = endedAt;
    else if (fresh.add(environmentId).size === environments) allFreshAt ??= endedAt;
  }
  return allFreshAt === undefined ? undefined : Math.max(allFreshAt, lastStaleAt);
}
