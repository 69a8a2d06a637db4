import { writeFile } from 'node:fs/promises';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { findLeaks, sourceCommand, writeEnvironmentFile } from '@keyturn/laptop';
import { exampleAssembly } from '../../cli/laptop/example-assembly.ts';
import { describeConvergence } from './convergence.ts';
import { brokenPromises, type PlayReport } from './report.ts';
import { Rotations } from './rotations.ts';
import { configSync, failedCheck, type Play, retirement, rotationByHand, scheduledRotations } from './scenes.ts';
import { Screen } from './screen.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';
import { pause } from './wait.ts';

const ENOUGH_REQUESTS = 2_100;
const LONGEST_ENCORE_MILLISECONDS = 60_000;

export interface PlayOptions {
  /** Ends when the play is over, instead of staying up to be played with. */
  readonly once: boolean;
  readonly reportFile?: string;
  readonly port?: number;
  /** A file that a shell sources to speak to the cloud. It goes away with it. */
  readonly environmentFile?: string;
}

/** Deploys the example on this laptop and plays a month of its life under traffic. Answers the exit status. */
export async function play(options: PlayOptions): Promise<number> {
  const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const screen = new Screen((text) => void process.stdout.write(text), { colours, now: Date.now() });
  screen.title('Keyturn: an application on rotating secrets, on this laptop');
  const assembly = await exampleAssembly((line) => screen.line(line));
  screen.good('the example is synthesized: the template that cdk deploy takes');
  const { environmentFile } = options;
  const stage = await Stage.open(assembly, options.port === undefined ? {} : { port: options.port });
  let removeEnvironment: (() => void) | undefined;
  try {
    if (environmentFile !== undefined) removeEnvironment = writeEnvironmentFile(environmentFile, stage.cloud);
    screen.good(`deployed ${Object.keys(stage.stack.resources).length} resources to ${stage.cloud.endpointUrl}`);
    screen.good(`set up: ${(await stage.setUp()).join(', ')}`);
    screen.line(`console: ${stage.cloud.consoleUrl}`);
    const report = await perform(stage, screen);
    if (options.reportFile) await writeFile(options.reportFile, `${JSON.stringify(report, null, 2)}\n`);
    const broken = brokenPromises(report);
    for (const line of broken) screen.bad(line);
    if (broken.length === 0) screen.good('every promise held');
    if (!options.once) await stayUp(stage, screen, environmentFile);
    return broken.length === 0 ? 0 : 1;
  } finally {
    removeEnvironment?.();
    await stage.close();
  }
}

async function perform(stage: Stage, screen: Screen): Promise<PlayReport> {
  const rotations = new Rotations(stage);
  const traffic = new Traffic(stage.output('ApiUrl'), stage.account);
  const scene: Play = { stage, screen, rotations };
  let alarms: string[] = [];
  try {
    screen.line('people use the application: log in, add and list items, chat');
    await pause(2_000);
    await scheduledRotations(scene);
    await configSync(scene);
    await retirement(scene);
    await rotationByHand(scene);
    alarms = await failedCheck(scene);
    await untilEnough(traffic);
  } finally {
    await traffic.stop();
  }
  rotations.countWrites();
  await rotations.lookAtConvergence();
  const page = await (await fetch(`${stage.cloud.endpointUrl}/_local/console/`, { redirect: 'error' })).text();
  const leaks = await findLeaks(stage.cloud, {
    texts: [stage.account.password],
    departures: [{ place: 'the console page', text: page }],
  });
  for (const { place } of leaks) screen.bad(`a secret's value was found in ${place}`);
  const { requests, failures, examples } = traffic.count();
  for (const example of examples) screen.bad(example);
  const report: PlayReport = {
    rotations: rotations.records,
    traffic: { requests, failures },
    rollBacks: rotations.records.filter(({ outcome }) => outcome === 'rolled-back').length,
    alarms,
    retired: await retiredCount(stage),
    leaks: leaks.length,
  };
  summarise(report, screen);
  return report;
}

/** Figures of a handful of requests say little. */
async function untilEnough(traffic: Traffic): Promise<void> {
  const deadline = Date.now() + LONGEST_ENCORE_MILLISECONDS;
  while (traffic.count().requests < ENOUGH_REQUESTS && Date.now() < deadline) await pause(200);
}

/** Previous credentials that were retired, as the history says. */
async function retiredCount(stage: Stage): Promise<number> {
  const { Items = [] } = await stage.tables.send(
    new ScanCommand({ TableName: stage.resource('AWS::DynamoDB::Table', 'History') }),
  );
  return Items.filter(({ type }) => type?.S === 'Credential Retired').length;
}

function summarise(report: PlayReport, screen: Screen): void {
  screen.title('What happened');
  screen.table([
    ['secret', 'kind', 'started by', 'outcome', 'took', 'converged', 'checks', 'writes'],
    ...report.rotations.map((rotation) => [
      rotation.secret,
      rotation.kind,
      rotation.startedBy === 'native' ? 'a person' : rotation.startedBy,
      rotation.outcome,
      `${rotation.durationMs} ms`,
      rotation.outcome === 'succeeded' ? describeConvergence(rotation.convergence) : rotation.outcome,
      rotation.checks.map(({ name, ok }) => `${name} ${ok ? '✓' : '✗'}`).join(' '),
      String(rotation.secretsManagerWrites),
    ]),
  ]);
  const { requests, failures } = report.traffic;
  screen.line(`requests ${requests}, failed ${failures}; previous credentials retired: ${report.retired}`);
  screen.line(
    `alarms: ${report.alarms.join(', ') || 'none'}; values found where they have no business: ${report.leaks}`,
  );
}

async function stayUp(stage: Stage, screen: Screen, environmentFile: string | undefined): Promise<void> {
  screen.title('It stays up to be played with; Ctrl-C ends it');
  screen.line(`console      ${stage.cloud.consoleUrl}`);
  screen.line(`application  ${stage.output('ApiUrl')}  (user ${stage.account.user})`);
  screen.line(
    `AWS's tools  ${environmentFile ? sourceCommand(environmentFile) : 'npm start -- --environment laptop.env'}`,
  );
  screen.line(`keyturn      npx keyturn status --laptop=${stage.cloud.port}`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
