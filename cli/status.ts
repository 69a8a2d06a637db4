import { readStatuses, type UnreadSecret } from '../pipeline/dashboard/read-statuses.ts';
import {
  type ConsumerSign,
  inWords,
  type SecretStatus,
  type Sign,
  type Standing,
} from '../pipeline/dashboard/secret-status.ts';
import type { Context } from './aws/context.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import { NotFound } from './terminal/errors.ts';
import { type ExitCode, exitCodes } from './terminal/exit-codes.ts';
import { type Cell, printJson, printTable } from './terminal/table.ts';
import type { Colour } from './terminal/terminal.ts';
import { relative } from './terminal/times.ts';

/** Every secret of the pipeline at a glance, in the words of the dashboard. */
export async function status(context: Context): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const { statuses, unread } = await readAll(context, pipeline);
  if (statuses.length + unread.length === 0) {
    throw new NotFound(`Pipeline ${pipeline.name} manages no secret: nothing is under ${pipeline.settingsPrefix}/.`);
  }
  const now = context.now();
  if (context.json) printJson(context.terminal, { pipeline: pipeline.name, secrets: statuses, unread });
  else printTable(context.terminal, HEADS, [...statuses.map((each) => row(each, now)), ...unread.map(unreadRow)]);
  return unread.length === 0 ? exitCodes.ok : exitCodes.failed;
}

async function readAll(
  context: Context,
  pipeline: DeployedPipeline,
): Promise<{ statuses: SecretStatus[]; unread: UnreadSecret[] }> {
  const reader = {
    ssm: await context.clients.ssm(),
    secretsManager: await context.clients.secretsManager(),
    dynamodb: await context.clients.dynamodb(),
    settingsPrefix: pipeline.settingsPrefix,
    historyTable: pipeline.description.historyTableName,
    now: context.now,
  };
  const all = { statuses: [] as SecretStatus[], unread: [] as UnreadSecret[] };
  let nextToken: string | undefined;
  do {
    const page = await readStatuses(reader, nextToken);
    all.statuses.push(...page.statuses);
    all.unread.push(...page.unread);
    nextToken = page.nextToken;
  } while (nextToken);
  all.statuses.sort((left, right) => left.name.localeCompare(right.name));
  return all;
}

const HEADS = ['SECRET', 'KIND', 'STANDING', 'AGE', 'NEXT', 'CONSUMERS', 'CHECKS'];
const colours: Record<Standing['tone'], Colour> = { good: 'green', bad: 'red', busy: 'yellow', calm: 'dim' };

function row({ name, kind, standing, ageSeconds, next, schedule, consumers, checks }: SecretStatus, now: Date): Cell[] {
  const since = standing.since ? ` ${relative(standing.since, now)}` : '';
  const due = next?.isOverdue ? { text: 'overdue', colour: 'red' as const } : relative(next?.at, now);
  return [
    name,
    kind,
    { text: `${standing.word}${since}`, colour: colours[standing.tone] },
    ageSeconds === undefined ? '' : inWords(ageSeconds),
    schedule ?? due,
    consumerCell(consumers),
    signs(checks, 'passed'),
  ];
}

function unreadRow({ name, reason }: UnreadSecret): Cell[] {
  return [name, '', { text: `Could not be read. ${reason}`, colour: 'red' }];
}

/** `1 of 3 converged; mail converging until 2026-05-01T12:34:56Z; shop lagging since … because …` */
function consumerCell(all: readonly ConsumerSign[]): Cell {
  if (all.length === 0) return '';
  const good = all.filter(({ tone }) => tone === 'good').length;
  const others = all.filter(({ tone, state }) => tone !== 'good' && state !== 'unpublished');
  const text = [`${good} of ${all.length} converged`, ...others.map(({ name, word }) => `${name} ${word}`)].join('; ');
  const tone = (['bad', 'busy'] as const).find((each) => all.some((sign) => sign.tone === each));
  return tone ? { text, colour: colours[tone] } : text;
}

/** `2 of 3 passed`; those that are not well by name. */
function signs(all: readonly Sign[], good: string): Cell {
  if (all.length === 0) return '';
  const bad = all.filter(({ tone }) => tone === 'bad').map(({ name }) => name);
  const text = `${all.filter(({ tone }) => tone === 'good').length} of ${all.length} ${good}`;
  return bad.length === 0 ? text : { text: `${text}, not ${bad.join(', ')}`, colour: 'red' };
}
