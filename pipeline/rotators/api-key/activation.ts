import { CandidateRejected, TargetUnavailable } from '../errors.ts';
import type { Verdict } from './provider.ts';

const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 4_000;
/** One invocation of the rotation function waits so long: it ends after a minute, and the last request takes its time. */
const LONGEST_WAIT_SECONDS = 40;

/** A key that was made just now is refused: it may be active in a minute, and the workflow's deadline ends the waiting. */
export class CandidateInactive extends CandidateRejected {
  override readonly retryable = true;
}

/**
 * Waits until a new key works: vendors activate keys a while after they made them, and on one node before another, so it
 * has to work several times in a row. Ever longer pauses, up to the bound. A bound beyond one invocation is left to Secrets
 * Manager's further attempts, and ends with the workflow's deadline for promotion.
 * @throws CandidateInactive (retryable) when the vendor still refuses it at the bound
 * @throws TargetUnavailable (retryable) when the vendor's last word was none, or the bound is beyond this invocation
 */
export async function awaitActivation(
  verify: () => Promise<Verdict>,
  options: {
    /** What it is about, for the error. */
    what: string;
    consecutiveAcceptances: number;
    timeoutSeconds: number;
    now(): Date;
    sleep(milliseconds: number): Promise<void>;
  },
): Promise<void> {
  const waitSeconds = Math.min(options.timeoutSeconds, LONGEST_WAIT_SECONDS);
  const deadline = options.now().getTime() + waitSeconds * 1000;
  let pause = FIRST_PAUSE_MILLISECONDS;
  for (let inARow = 0; ; ) {
    const verdict = await verify();
    if (verdict.verdict === 'accepted') {
      inARow += 1;
      if (inARow >= options.consecutiveAcceptances) return;
      continue;
    }
    inARow = 0;
    const remaining = deadline - options.now().getTime();
    if (remaining <= 0) throw describeInactive(verdict, { ...options, waitSeconds });
    await options.sleep(Math.min(pause, remaining));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }
}

function describeInactive(
  verdict: Exclude<Verdict, { verdict: 'accepted' }>,
  { what, timeoutSeconds, waitSeconds }: { what: string; timeoutSeconds: number; waitSeconds: number },
): Error {
  const tried = `It was tried for ${waitSeconds} seconds.`;
  if (verdict.verdict === 'refused' && waitSeconds < timeoutSeconds) {
    return new TargetUnavailable(`${what} does not work yet: ${verdict.reason}. ${tried} Secrets Manager tries again.`);
  }
  if (verdict.verdict === 'refused') {
    return new CandidateInactive(
      `${what} does not work: ${verdict.reason}. ${tried} Secrets Manager tries again. If it only needs longer, write a longer activationTimeoutSeconds.`,
    );
  }
  return new TargetUnavailable(`Whether ${what} works could not be found out: ${verdict.reason}. ${tried}`);
}
