import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { readStory } from './aws/read-history.ts';
import { describeEvent } from './execution/describe-event.ts';
import { inStoryOrder, placeOf } from './execution/story-order.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { type Cell, printJson, printTable } from './terminal/table.ts';
import { minute } from './terminal/times.ts';

const colours = { good: 'green', bad: 'red', plain: undefined } as const;

/** The story of a secret, the newest last, as a log is read. */
export async function history(context: Context, name: string, options: { limit: number }): Promise<ExitCode> {
  const { terminal } = context;
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const { secret } = await pipeline.secret(name);
  const dynamodb = await context.clients.dynamodb();
  const table = pipeline.description.historyTableName;
  const query = { table, secretArn: secret.arn, newestFirst: true, limit: options.limit };
  const newest = (await readStory(dynamodb, query)).reverse();
  const events = inStoryOrder(newest.map((event) => ({ ...event, place: placeOf(event) })));
  if (context.json) {
    printJson(terminal, {
      secretArn: secret.arn,
      events: events.map(({ at, type, detail }) => ({ at, type, detail })),
    });
    return exitCodes.ok;
  }
  if (events.length === 0) {
    terminal.print(`${secret.name} has no history yet.`);
    return exitCodes.ok;
  }
  const rows = events.map((event): Cell[] => {
    const { what, mood } = describeEvent(event);
    const colour = colours[mood];
    return [minute(event.at), event.type, colour ? { text: what, colour } : what];
  });
  printTable(terminal, ['TIME', 'EVENT', 'WHAT'], rows);
  return exitCodes.ok;
}
