import { App } from 'aws-cdk-lib';
import { LabStack } from './lab-stack.ts';

const app = new App();
new LabStack(app, 'Lab');
app.synth();
