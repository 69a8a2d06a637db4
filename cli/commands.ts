import { type Command, InvalidArgumentError, Option } from 'commander';
import { secretKinds } from '../pipeline/contracts/secret-kinds.ts';
import { type ConnectionOptions, type Context, openContext } from './aws/context.ts';
import { readPort } from './read-port.ts';
import type { ExitCode } from './terminal/exit-codes.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface CommandSite {
  readonly program: Command;
  readonly terminal: Terminal;
  end(code: ExitCode): void;
}

/**
 * The commands' words and options. Each command's file is imported when it runs: `keyturn local` waits for no SDK
 * client, and `keyturn status` for no cloud.
 */
export function addCommands(site: CommandSite): void {
  addPlan(site);
  addRotate(site);
  addRotateAll(site);
  addStatus(site);
  addHistory(site);
  addCheck(site);
  addRollBack(site);
  addDoctor(site);
  addLocal(site);
}

const YES: [string, string] = ['--yes', 'does not ask'];
const WAIT: [string, string] = ['--wait', 'waits for the end and prints what happens'];

function addPlan(site: CommandSite): void {
  const command = awsCommand(site, 'plan')
    .description('What the manifest would change, and everything that would keep a rotation from going through.')
    .argument('[manifest]', 'the manifest', 'keyturn.json')
    .option('--offline', 'compares nothing and asks AWS nothing: is the manifest itself well?')
    .addHelpText('after', examples('keyturn plan', 'keyturn plan examples/keyturn.json --json'));
  onRun(site, command, async (context, options, manifest) => {
    const { plan } = await import('./plan.ts');
    return plan(context, manifest, options);
  });
}

function addRotate(site: CommandSite): void {
  const command = awsCommand(site, 'rotate')
    .description('Rotates one secret.')
    .argument('<name>', 'the secret, by name or ARN')
    .option(...WAIT)
    .option(
      '--retire-now',
      'first retires the credential that the last rotation replaced, if the evidence shows no use of it',
    )
    .option('--emergency', 'revokes the previous credential at once, even while it is in use')
    .option('--force', 'gives up a candidate that is stuck under AWSPENDING')
    .option(...YES)
    .addHelpText('after', examples('keyturn rotate app/db --wait', 'keyturn rotate app/db --emergency --yes --wait'));
  onRun(site, command, async (context, options, name) => {
    const { rotate } = await import('./rotate.ts');
    return rotate(context, name, options);
  });
}

function addRotateAll(site: CommandSite): void {
  const command = awsCommand(site, 'rotate-all')
    .description('Rotates every secret of the pipeline, or some, canaries first.')
    .option('--tag <key=value>', 'only secrets with this tag')
    .addOption(new Option('--kind <kind>', 'only secrets of this kind').choices(secretKinds))
    .option('--group <group>', "only the manifest's group")
    .option('--canary <name...>', 'rotated first; if one fails, nothing else is touched')
    .option('--tolerate <percent>', 'stops above this share of failures', readPercent)
    .option('--emergency', 'revokes previous credentials at once, even while they are in use')
    .option(...WAIT)
    .option(...YES)
    .addHelpText(
      'after',
      examples('keyturn rotate-all --kind postgres --canary app/db --wait', 'keyturn rotate-all --tag team=shop --yes'),
    );
  onRun(site, command, async (context, options) => {
    const { rotateAll } = await import('./rotate-all.ts');
    return rotateAll(context, options);
  });
}

function addStatus(site: CommandSite): void {
  const command = awsCommand(site, 'status')
    .description('Every managed secret: kind, age, next rotation, state and last outcome.')
    .addHelpText(
      'after',
      examples('keyturn status', 'keyturn status --json | jq \'.secrets[] | select(.standing.tone == "bad").name\''),
    );
  onRun(site, command, async (context) => {
    const { status } = await import('./status.ts');
    return status(context);
  });
}

function addHistory(site: CommandSite): void {
  const command = awsCommand(site, 'history')
    .description('The story of one secret.')
    .argument('<name>', 'the secret, by name or ARN')
    .option('--limit <number>', 'how many events, the newest', readCount, 50)
    .addHelpText('after', examples('keyturn history app/db', 'keyturn history app/db --limit 500 --json'));
  onRun(site, command, async (context, options, name) => {
    const { history } = await import('./history.ts');
    return history(context, name, options);
  });
}

function addCheck(site: CommandSite): void {
  const command = awsCommand(site, 'check')
    .description('Runs the checks of one secret on what is current, and waits for them.')
    .argument('<name>', 'the secret, by name or ARN')
    .addHelpText('after', examples('keyturn check app/db'));
  onRun(site, command, async (context, _options, name) => {
    const { check } = await import('./check.ts');
    return check(context, name);
  });
}

function addRollBack(site: CommandSite): void {
  const command = awsCommand(site, 'roll-back')
    .description('Puts the previous version back, and waits until it is checked.')
    .argument('<name>', 'the secret, by name or ARN')
    .option(...YES)
    .addHelpText('after', examples('keyturn roll-back app/db'));
  onRun(site, command, async (context, options, name) => {
    const { rollBack } = await import('./roll-back.ts');
    return rollBack(context, name, options);
  });
}

function addDoctor(site: CommandSite): void {
  const command = awsCommand(site, 'doctor')
    .description('What is not as it should be, of every managed secret or of one, and the way out of each finding.')
    .argument('[name]', 'the secret, by name or ARN (default: every one)')
    .option(
      '--repair',
      'repairs what it can and waits until each repair has ended; asks before each that is not harmless',
    )
    .option(...YES)
    .addHelpText('after', examples('keyturn doctor', 'keyturn doctor app/db --repair'));
  onRun(site, command, async (context, options, name) => {
    const { doctor } = await import('./doctor.ts');
    return doctor(context, name, options);
  });
}

function addLocal({ program, terminal, end }: CommandSite): void {
  program
    .command('local')
    .description('Runs a synthesized CDK assembly on this machine: the example, or your own.')
    .option('--port <number>', 'the port of 127.0.0.1 to listen on; 0 takes a free one', readPort, 4599)
    .addOption(new Option('--empty', 'a cloud with nothing in it').conflicts('assembly'))
    .option('--assembly <folder>', 'the assembly to load (default: cdk.out; in a clone the example)')
    .option('--environment <file>', 'writes what a shell sources to speak to this run; the file goes away with it')
    .option('--any-credentials', "takes any access key for the administrator's, unchecked: for test suites")
    .option('--time-scale <factor>', 'waits of state machines take this share of their time: 0.01', readScale, 1)
    .addHelpText(
      'after',
      examples(
        'keyturn local',
        'keyturn local --assembly cdk.out --environment laptop.env',
        'keyturn local --empty --port 0',
      ),
    )
    .action(async (options) => {
      const { local } = await import('./local.ts');
      end(await local(terminal, options));
    });
}

function awsCommand({ program }: CommandSite, name: string): Command {
  return program
    .command(name)
    .option('--pipeline <name>', 'which pipeline', 'keyturn')
    .option('--region <region>', 'where (default: the AWS environment)')
    .option('--profile <profile>', 'whose credentials (default: the AWS environment)')
    .option('--endpoint <url>', 'another endpoint than AWS', readUrl)
    .option('--laptop [port]', "the laptop's cloud: keyturn local on this machine (default: 4599)", readPort)
    .option('--json', 'one JSON document, for programs');
}

function onRun(
  { terminal, end }: CommandSite,
  command: Command,
  run: (context: Context, options: any, name: string) => Promise<ExitCode>,
): void {
  command.action(async (...given: unknown[]) => {
    const options = command.opts<ConnectionOptions>();
    const context = openContext(terminal, options);
    try {
      end(await run(context, options, typeof given[0] === 'string' ? given[0] : ''));
    } finally {
      await context.clients.close();
    }
  });
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function readScale(text: string): number {
  const scale = Number(text);
  if (text.trim() !== '' && scale >= 0 && scale <= 1) return scale;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

function readPercent(text: string): number {
  const percent = Number(text);
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent;
  throw new InvalidArgumentError('Expected a number from 0 to 100.');
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= 10_000) return count;
  throw new InvalidArgumentError('Expected a whole number from 1 to 10000.');
}

function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('Expected an http or https URL.');
}
