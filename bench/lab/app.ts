import { App } from 'aws-cdk-lib';
import { ConvergenceStack } from './convergence-stack.ts';
import { CostsStack } from './costs-stack.ts';
import { FleetStack } from './fleet-stack.ts';

const stacks = { costs: CostsStack, convergence: ConvergenceStack, fleet: FleetStack };
const name = process.env.BENCH_STACK ?? '';
const BenchStack = stacks[name as keyof typeof stacks];
if (!BenchStack) throw new Error(`BENCH_STACK is "${name}"; expected one of ${Object.keys(stacks).join(', ')}.`);
const app = new App();
new BenchStack(app, 'Bench');
app.synth();
