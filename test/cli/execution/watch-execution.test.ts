import type { GetExecutionHistoryCommand, HistoryEvent } from '@aws-sdk/client-sfn';
import { type Watcher, watchExecution } from '../../../cli/execution/watch-execution.ts';

const at = new Date('2026-11-24T12:00:00Z');
const states = ['Prepare', 'RotateSecret', 'Propagate', 'RunChecks', 'ScheduleRetirement'];

/** A history that grows by two events at each call, and whose tokens count from what is the newest then. */
class GrowingHistory {
  #length = 3;

  get #events(): HistoryEvent[] {
    const entered = states.map((name, index) => ({
      id: index + 1,
      timestamp: at,
      type: 'TaskStateEntered' as const,
      stateEnteredEventDetails: { name },
    }));
    const ended = { id: states.length + 1, timestamp: at, type: 'ExecutionSucceeded' as const };
    return [...entered, ended].slice(0, this.#length);
  }

  async send({ input }: GetExecutionHistoryCommand): Promise<{ events: HistoryEvent[]; nextToken?: string }> {
    const start = Number(input.nextToken ?? 0);
    const events = this.#events.reverse().slice(start, start + 2);
    const nextToken = start + 2 < this.#events.length ? { nextToken: String(start + 2) } : {};
    this.#length += 2;
    return { events, ...nextToken };
  }
}

test('a state that two pages of a growing history tell is told to a person once', async () => {
  const told: string[] = [];
  const history = new GrowingHistory();
  const watcher = {
    pipeline: { clients: { stepFunctions: async () => history } },
    terminal: { note: (line: string) => void told.push(line), paint: (_colour: string, text: string) => text },
    signal: new AbortController().signal,
    sleep: async () => undefined,
  } as unknown as Watcher;
  const outcome = await watchExecution(watcher, { executionArn: 'arn', startedAt: at });
  expect(outcome).toMatchObject({ status: 'SUCCEEDED' });
  expect(told.map((line) => line.split('  ')[1])).toEqual(states);
});
