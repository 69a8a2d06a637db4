/**
 * Which folder may import which. Every folder of code has a row here; its files may import each other and what the row
 * names, and every name is used. Rows stand from the roof to the ground: bin → cli → stacks → handlers → pipeline →
 * packages/consumer/contracts. imports.test.ts holds the code and docs/architecture.md to it.
 *
 * A row may be a single file that stands on another floor than its folder.
 */
export type ImportTable = Readonly<Record<string, readonly string[]>>;

/** Rows of one folder and its subfolders, which are written from `.`; other names are written in full. */
function within(folder: string, rows: ImportTable): ImportTable {
  const full = (name: string) => name.replace(/^\.(?=$|\/)/, folder);
  return Object.fromEntries(Object.entries(rows).map(([name, imports]) => [full(name), imports.map(full)]));
}

const starts = {
  ...within('bin', {
    '.': ['cli', 'cli/terminal', 'examples/play', 'pipeline/contracts/grammar', 'stacks/index.ts', 'tools/bundle'],
  }),

  ...within('bench', {
    '.': [
      ...['./lab', 'packages/consumer', 'packages/laptop/create-cloud.ts', 'packages/laptop/running-cloud.ts'],
      ...['packages/laptop/postgres', 'packages/laptop/recording', 'packages/laptop/services/secretsmanager'],
      ...['pipeline/contracts/settings', 'pipeline/fleet', 'pipeline/rotators/postgres', 'test', 'tools'],
    ],
    './lab': [
      ...['packages/consumer', 'packages/laptop/create-cloud.ts', 'packages/laptop/running-cloud.ts'],
      ...[
        'packages/laptop/assembly',
        'pipeline/contracts',
        'pipeline/contracts/settings',
        'stacks/index.ts',
        'test',
        'tools',
      ],
    ],
  }),

  // The functions and the stack of the example import what users can: the packages, by their names.
  ...within('examples', {
    '.': ['./stack'],
    './functions': ['./functions/app', 'packages/consumer', 'pipeline/rotators/postgres'],
    './functions/app': ['packages/consumer'],
    './play': ['cli/laptop', 'packages/laptop/index.ts', 'pipeline/history'],
    './stack': ['stacks/index.ts', 'tools'],
  }),
};

const commands = within('cli', {
  '.': [
    ...['./aws', './doctor', './execution', './laptop', './plan', './terminal', 'packages/laptop/index.ts'],
    ...['pipeline/audit', 'pipeline/contracts', 'pipeline/contracts/grammar', 'pipeline/contracts/manifest'],
    ...['pipeline/contracts/payloads', 'pipeline/contracts/settings'],
    'pipeline/dashboard',
    ...['pipeline/fleet', 'pipeline/workflow'],
  ],
  './plan': [
    ...['./aws', './terminal', 'packages/consumer/contracts', 'pipeline', 'pipeline/contracts'],
    ...['pipeline/contracts/kinds', 'pipeline/contracts/manifest', 'pipeline/contracts/manifest/entries'],
    ...['pipeline/contracts/payloads', 'pipeline/contracts/settings'],
    ...['pipeline/rotation', 'pipeline/rotators', 'pipeline/rotators/postgres'],
  ],
  './execution': [
    ...['./aws', './terminal', 'pipeline', 'pipeline/contracts', 'pipeline/contracts/grammar', 'pipeline/history'],
  ],
  './doctor': [
    ...['./aws', './execution', './terminal', 'pipeline', 'pipeline/audit', 'pipeline/contracts'],
    'pipeline/contracts/grammar',
  ],
  './aws': [
    ...['./terminal', 'pipeline', 'pipeline/contracts', 'pipeline/contracts/settings'],
    ...['pipeline/rotation', 'pipeline/settings'],
  ],
  './laptop': ['./terminal'],
  './terminal': ['pipeline', 'pipeline/contracts/grammar'],
});

const deployed = {
  ...within('stacks', {
    './index.ts': [
      ...['.', './manifest-stack.ts', './rotated-secret.ts', './rotation-pipeline.ts', './watched-parameter.ts'],
      ...['./watched-secret.ts', 'pipeline/contracts', 'pipeline/contracts/manifest'],
      ...['pipeline/contracts/manifest/entries', 'pipeline/contracts/settings'],
    ],
    './manifest-stack.ts': [
      'pipeline/contracts',
      ...['./kinds.ts', './manifest', './rotated-secret.ts', './rotation-pipeline.ts', './watched-parameter.ts'],
      ...['./watched-secret.ts', 'pipeline/contracts/manifest', 'pipeline/contracts/manifest/entries'],
    ],
    './rotated-secret.ts': ['.', './rotation-pipeline.ts', 'pipeline/contracts', 'pipeline/contracts/settings'],
    './watched-secret.ts': ['.', './rotation-pipeline.ts', 'pipeline/contracts/settings'],
    './watched-parameter.ts': ['./rotation-pipeline.ts', 'pipeline/contracts/settings'],
    './rotation-pipeline.ts': ['.', './kinds.ts', 'pipeline/contracts', 'pipeline/contracts/settings'],
    './kinds.ts': ['.', './kinds', 'pipeline/contracts', 'pipeline/contracts/manifest/entries'],
    './kinds': [
      ...['.', './manifest', 'pipeline/contracts', 'pipeline/contracts/kinds'],
      ...['pipeline/contracts/manifest/entries', 'pipeline/contracts/settings'],
    ],
    './manifest': [
      ...['.', 'pipeline/contracts', 'pipeline/contracts/kinds', 'pipeline/contracts/manifest'],
      ...['pipeline/contracts/manifest/entries', 'pipeline/contracts/settings'],
    ],
    '.': [
      ...['./function-code', 'packages/consumer/contracts', 'pipeline/contracts', 'pipeline/contracts/grammar'],
      ...['pipeline/contracts/kinds', 'pipeline/contracts/settings'],
    ],
    './function-code': ['tools'],
  }),

  statemachines: [],

  // Build time.
  ...within('tools', {
    './api-reports.ts': ['./pack', './pack.ts'],
    './mutation.ts': ['./mutation'],
    './mutation': [],
    './pack.ts': ['./pack'],
    './pack': ['.', './bundle'],
    '.': ['./bundle'],
    './bundle': ['handlers/wiring', 'pipeline/contracts', 'pipeline/rotators/postgres'],
  }),

  ...within('handlers', {
    '.': [
      ...['./wiring', './wiring/kinds', 'packages/consumer/contracts', 'pipeline/audit', 'pipeline/checks'],
      ...['pipeline/contracts', 'pipeline/contracts/check.ts'],
      ...['pipeline/dashboard', 'pipeline/fleet', 'pipeline/history'],
      ...['pipeline/propagation', 'pipeline/reports', 'pipeline/rotation', 'pipeline/rotators'],
      ...['pipeline/rotators/jwt', 'pipeline/settings'],
      'pipeline/workflow',
    ],
    './wiring': [
      'pipeline/contracts',
      'pipeline/contracts/settings',
      'pipeline/propagation',
      'pipeline/reports',
      'pipeline/rotation',
      'pipeline/rotators',
      'pipeline/settings',
    ],
    './wiring/kinds': [
      ...['./wiring', 'pipeline/contracts/settings', 'pipeline/rotators/api-key', 'pipeline/rotators/jwt'],
      'pipeline/rotators/postgres',
    ],
  }),
};

const pipeline = within('pipeline', {
  './audit': [
    '.',
    './contracts',
    './contracts/manifest/entries',
    './contracts/settings',
    './history',
    './reports',
    './rotation',
    './settings',
    './workflow',
    'packages/consumer/contracts',
  ],
  './dashboard': [
    ...['.', './contracts', './contracts/grammar', './contracts/settings', './history', './rotation', './settings'],
    ...['./workflow', 'packages/consumer/contracts'],
  ],
  './workflow': ['.', './contracts', './contracts/settings', './rotation', './settings'],
  './fleet': ['.', './contracts', './contracts/settings', './settings'],
  './settings': ['.', './contracts', './contracts/settings', './rotation'],
  './reports': ['.', './contracts', './contracts/settings', './rotation', 'packages/consumer/contracts'],
  './history': ['./contracts'],
  './propagation': [
    ...['.', './contracts', './contracts/settings'],
    ...['packages/consumer/contracts', 'packages/consumer/contracts/verdicts'],
  ],
  './checks': [
    ...['.', './contracts', './contracts/check.ts', './contracts/payloads', './contracts/settings'],
    ...['./rotators', './rotators/jwt', './rotators/postgres', 'packages/consumer/contracts'],
    'packages/consumer/contracts/verdicts',
  ],
  './rotation': ['.', './contracts', './contracts/settings', './rotators'],
  './rotators/api-key': [
    ...['.', './contracts', './contracts/payloads', './contracts/settings', './rotators'],
    ...['packages/consumer/contracts', 'packages/consumer/contracts/verdicts'],
  ],
  './rotators/jwt': ['.', './contracts', './contracts/settings', './rotators', 'packages/consumer/contracts'],
  './rotators/postgres': [
    ...['.', './contracts', './contracts/payloads', './contracts/settings', './rotators'],
    'packages/consumer/contracts',
    'packages/consumer/contracts/verdicts',
  ],
  './rotators': ['.', './contracts'],
  '.': ['./contracts'],
  // A manifest is made of entries, and each kind of secret brings its own; settings are what is left of them at run time.
  './contracts/manifest': [
    ...[
      './contracts',
      './contracts/grammar',
      './contracts/kinds',
      './contracts/manifest/entries',
      './contracts/settings',
    ],
  ],
  './contracts/kinds': [
    ...['./contracts', './contracts/grammar', './contracts/manifest/entries', './contracts/payloads'],
    ...['./contracts/settings', 'packages/consumer/contracts'],
  ],
  './contracts/manifest/entries': ['./contracts', './contracts/grammar', './contracts/settings'],
  './contracts/check.ts': ['./contracts/settings'],
  './contracts/settings': ['./contracts', './contracts/grammar', 'packages/consumer/contracts'],
  './contracts/payloads': [],
  './contracts': ['./contracts/grammar'],
  './contracts/grammar': ['packages/consumer/contracts'],
});

const consumer = within('packages/consumer', {
  '.': ['./contracts', './contracts/verdicts'],
  './contracts': [],
  './contracts/verdicts': [],
});

const laptop = within('packages/laptop', {
  './bin': ['./command'],
  './index.ts': [
    ...['.', './assembly', './command', './create-cloud.ts', './identity', './leaks', './running-cloud.ts', './runs'],
    ...['./services/rds', './services/sns'],
  ],
  './command': ['.', './assembly', './create-cloud.ts', './running-cloud.ts', './runs', './services/rds'],
  './runs': ['.', './running-cloud.ts'],
  './create-cloud.ts': [
    ...['.', './admin', './authorization', './console', './dispatch.ts', './faults', './identity', './recording'],
    ...['./running-cloud.ts', './runs', './services', './services/iam', './services/kms', './services/sts', './wire'],
  ],

  // What looks at a running cloud.
  './admin': [
    ...['.', './faults', './recording', './running-cloud.ts', './services/bedrock', './services/events'],
    ...['./services/scheduler', './wire'],
  ],
  './console': [
    ...['.', './console/graph', './environments', './recording', './running-cloud.ts', './services/cloudwatch'],
    ...['./services/lambda', './services/secretsmanager', './services/sns', './services/states', './wire'],
  ],
  './console/graph': ['./services/states/interpreter'],
  './console/assets': [],
  './leaks': [
    ...['.', './assembly', './services/cloudwatch', './services/lambda', './services/logs', './services/rds'],
    ...['./services/secretsmanager', './services/sns', './services/sqs', './services/states'],
  ],

  // The services of AWS, one folder each.
  './services/apigateway': ['.', './assembly', './environments', './wire'],
  './services/bedrock': ['.', './assembly', './services'],
  './services/cloudwatch': ['.', './assembly', './identity'],
  './services/dynamodb': ['.', './assembly', './services'],
  './services/ec2': ['.', './assembly'],
  './services/events': ['.', './assembly', './identity', './services', './services/events/pattern', './services/iam'],
  './services/events/pattern': ['./services'],
  './services/iam': ['.', './assembly', './authorization', './identity'],
  './services/kms': ['.', './assembly', './authorization', './faults', './identity', './services/iam'],
  './services/lambda': [
    ...['.', './assembly', './environments', './faults', './identity', './services', './services/logs', './wire'],
  ],
  './services/logs': ['.', './assembly', './services'],
  './services/rds': [
    ...['.', './assembly', './identity', './postgres', './postgres/proxy', './services/secretsmanager'],
  ],
  './services/scheduler': ['.', './assembly', './identity', './services', './services/iam', './wire'],
  './services/secretsmanager': ['.', './assembly', './identity', './services', './services/iam', './services/kms'],
  './services/sns': ['.', './assembly', './identity', './services', './services/events/pattern'],
  './services/sqs': ['.', './assembly'],
  './services/ssm': ['.', './assembly', './services', './services/kms'],
  './services/states': [
    ...['.', './assembly', './services', './services/iam', './services/logs'],
    ...['./services/states/integrations', './services/states/interpreter', './wire'],
  ],
  './services/states/integrations': ['.', './faults', './services/states/interpreter', './wire'],
  './services/states/interpreter': ['.', './services'],
  './services/sts': ['.', './identity', './running-cloud.ts', './services/iam'],
  './assembly': ['.', './services/cloudformation'],
  './services/cloudformation': ['.'],
  './services': ['.'],

  // What a call goes through.
  './environments': ['.', './wire'],
  './running-cloud.ts': ['.', './authorization', './faults', './identity', './recording', './wire'],
  './wire': ['.', './dispatch.ts', './faults', './identity', './recording'],
  './dispatch.ts': ['.', './authorization', './faults', './recording'],
  './authorization': ['.', './identity', './recording'],
  './postgres/proxy': ['.', './postgres'],
  './postgres': ['.'],
  './identity': ['.'],
  './faults': ['.'],
  './recording': ['.'],
  '.': [],
});

export const mayImport: ImportTable = {
  '.': [],
  '.ci': [],
  ...starts,
  ...commands,
  ...deployed,
  ...pipeline,
  ...consumer,
  ...laptop,
};

/** Tests import anything; their folders have no rows. */
export const TESTS = 'test';

/** Rows that import each other all the same. */
export const circles: readonly (readonly string[])[] = [];

export interface PackageRule {
  /** A package and its subpaths; a name that ends in `/` is every package of that scope. */
  readonly packages: readonly string[];
  /** The folders and files that may import it: only these, or all but these. */
  readonly only?: readonly string[];
  readonly never?: readonly string[];
}

export const packageRules: readonly PackageRule[] = [
  {
    packages: ['aws-cdk-lib', 'constructs', 'cdk-nag'],
    only: ['bin/app.ts', 'stacks', 'examples/app.ts', 'examples/stack', 'bench/lab', 'test'],
  },
  // The shapes of Lambda's events. The pipeline has none of them.
  { packages: ['aws-lambda'], only: ['handlers', 'examples/functions', 'test'] },
  // Contracts are shapes: they call nothing.
  { packages: ['@aws-sdk/', '@smithy/'], never: ['pipeline/contracts', 'packages/consumer/contracts'] },
];

/** Folders that are packages of their own: their rows name nothing outside. */
export const closedFolders: readonly string[] = ['packages/consumer', 'packages/laptop'];
