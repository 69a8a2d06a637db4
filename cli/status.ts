import type { SecretSettings } from '../pipeline/contracts/settings/secret.ts';
import { DeployedPipeline } from './aws/deployed-pipeline.ts';
import type { Context } from './context.ts';
import { NotFound } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { SecretStatus } from './status/judge-status.ts';
import { readSecretStatus } from './status/read-status.ts';
import { type Cell, printJson, printTable } from './terminal/table.ts';
import { relative } from './terminal/times.ts';

/** Every secret of the pipeline at a glance. */
export async function status(context: Context): Promise<ExitCode> {
  const pipeline = await DeployedPipeline.open(context.clients, context.pipelineName);
  const settings = await pipeline.settings();
  if (settings.length === 0) {
    throw new NotFound(`Pipeline ${pipeline.name} manages no secret: nothing is under ${pipeline.settingsPrefix}/.`);
  }
  const statuses = await inTurns(settings, (each) => readSecretStatus(pipeline, each, context.now()));
  if (context.json) printJson(context.terminal, { pipeline: pipeline.name, secrets: statuses });
  else
    printTable(
      context.terminal,
      HEADS,
      statuses.map((each) => row(each, context.now())),
    );
  return exitCodes.ok;
}

const HEADS = ['SECRET', 'KIND', 'ROTATED', 'NEXT', 'STATE', 'LAST OUTCOME'];

function row(status: SecretStatus, now: Date): Cell[] {
  const colour = status.isWell ? 'green' : 'red';
  return [
    status.name,
    status.kind,
    relative(status.lastRotatedAt, now) || 'never',
    relative(status.nextRotationAt, now) || status.schedule || '',
    { text: status.state, colour },
    status.lastOutcome ? `${status.lastOutcome.what} ${relative(status.lastOutcome.at, now)}` : '',
  ];
}

const AT_ONCE = 8;

/** In order, a few at a time: ListSecretVersionIds and the like are scarce. */
async function inTurns<Result>(
  settings: readonly SecretSettings[],
  read: (settings: SecretSettings) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < settings.length; start += AT_ONCE) {
    results.push(...(await Promise.all(settings.slice(start, start + AT_ONCE).map(read))));
  }
  return results;
}
