import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from '@aws-sdk/client-sfn';
import { isNamed } from '../../pipeline/errors.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import { readStory, type StoryEvent } from '../aws/read-history.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { second } from '../terminal/times.ts';
import { describeEvent } from './describe-event.ts';
import { type Outcome, outcomeOf, statesToShow } from './progress.ts';
import { inStoryOrder, type Placed, placeOf } from './story-order.ts';

export interface Watched {
  readonly executionArn: string;
  readonly startedAt: Date;
  /** The secret whose history is printed beside the states. A fleet has no history of its own. */
  readonly secretArn?: string;
  /** Events of Secrets Manager's steps carry the version, those of the workflow the execution. */
  readonly versionId?: string;
}

export interface Watcher {
  readonly pipeline: DeployedPipeline;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  sleep(milliseconds: number): Promise<void>;
}

const POLL_MILLISECONDS = 1_000;
/** Clocks differ; an event that comes before its execution's start by so much is still of it. */
const CLOCK_SKEW_MILLISECONDS = 60_000;

/** Prints what an execution does until it ends or the caller aborts. Reads only. */
export async function watchExecution(watcher: Watcher, watched: Watched): Promise<Outcome | 'interrupted'> {
  const stepFunctions = await watcher.pipeline.clients.stepFunctions();
  const story = new StoryFollower(watcher, watched);
  let lastEventId = 0;
  let lastState: string | undefined;
  while (!watcher.signal.aborted) {
    const events = await eventsAfter(stepFunctions, watched.executionArn, lastEventId);
    const states = statesToShow(events, lastState);
    const lines = [...states.map(({ at, name }) => ({ at, place: name, line: name })), ...(await story.next())];
    print(watcher.terminal, lines);
    lastEventId = events.at(-1)?.id ?? lastEventId;
    lastState = states.at(-1)?.name ?? lastState;
    const outcome = outcomeOf(events);
    if (outcome) return outcome;
    await watcher.sleep(POLL_MILLISECONDS);
  }
  return 'interrupted';
}

interface Line extends Placed {
  readonly line: string;
}

function print(terminal: Terminal, lines: Line[]): void {
  for (const { at, line } of inStoryOrder(lines)) {
    terminal.note(`${terminal.paint('dim', second(at))}  ${line}`);
  }
}

/**
 * From the newest back to what is known already, so that a long loop costs one page a look. What happens between two pages
 * may move an event onto the second one too: each is printed once.
 */
async function eventsAfter(
  client: Pick<SFNClient, 'send'>,
  executionArn: string,
  lastEventId: number,
): Promise<HistoryEvent[]> {
  const found = new Map<number, HistoryEvent>();
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 100, nextToken }),
    );
    const events = page.events ?? [];
    for (const event of events) if ((event.id ?? 0) > lastEventId) found.set(event.id ?? 0, event);
    nextToken = events.some(({ id }) => (id ?? 0) <= lastEventId) ? undefined : page.nextToken;
  } while (nextToken);
  return [...found.values()].reverse();
}

/** The events of the history that belong to an execution, each once. */
class StoryFollower {
  readonly #watcher: Watcher;
  readonly #watched: Watched;
  readonly #seen = new Set<string>();
  #isReadable = true;

  constructor(watcher: Watcher, watched: Watched) {
    this.#watcher = watcher;
    this.#watched = watched;
  }

  async next(): Promise<Line[]> {
    const { secretArn } = this.#watched;
    if (!secretArn || !this.#isReadable) return [];
    const events = await this.#read(secretArn);
    const fresh = events.filter((event) => this.#isOurs(event) && !this.#seen.has(keyOf(event)));
    for (const event of fresh) this.#seen.add(keyOf(event));
    return fresh.map((event) => ({ at: event.at, place: placeOf(event), line: `  ${describeEvent(event).what}` }));
  }

  async #read(secretArn: string): Promise<StoryEvent[]> {
    const { pipeline, terminal } = this.#watcher;
    const after = new Date(this.#watched.startedAt.getTime() - CLOCK_SKEW_MILLISECONDS);
    const query = { table: pipeline.description.historyTableName, secretArn, after, limit: 200 };
    try {
      return await readStory(await pipeline.clients.dynamodb(), query);
    } catch (error) {
      if (!isNamed(error, 'AccessDeniedException')) throw error;
      // A caller who may start a rotation need not be allowed to read the history. Print the states alone.
      this.#isReadable = false;
      terminal.note(`The history may not be read with these credentials: ${error.message}`);
      return [];
    }
  }

  #isOurs({ type, detail }: StoryEvent): boolean {
    // The outcome comes from the execution itself.
    if (type === 'Rotation Started' || type === 'Rotation Succeeded' || type === 'Rotation Failed') return false;
    if (detail.executionArn === this.#watched.executionArn) return true;
    return detail.versionId !== undefined && detail.versionId === this.#watched.versionId;
  }
}

function keyOf({ type, detail }: StoryEvent): string {
  return `${type} ${String(detail.id)}`;
}
