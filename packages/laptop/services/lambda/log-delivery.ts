import type { Cloud, Principal } from '../../cloud.ts';
import type { LogsService } from '../logs/service.ts';
import type { FunctionSnapshot } from './state.ts';

/**
 * Carries environments' lines to CloudWatch Logs, with the function's role: without permission to write logs there are
 * none, as on AWS.
 */
export class LogDelivery {
  readonly #cloud: Cloud;
  readonly #reported = new Set<string>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  stream(snapshot: FunctionSnapshot, environmentId: string, principal: Principal) {
    const { logGroupName } = snapshot.settings;
    const day = this.#cloud.clock.now().toISOString().slice(0, 10).replaceAll('-', '/');
    const custom = logGroupName === `/aws/lambda/${snapshot.functionName}` ? '' : `${snapshot.functionName}`;
    const name = `${day}/${custom}[${snapshot.version}]${environmentId}`;
    const logs = this.#cloud.service<LogsService>('logs');
    const arn = `arn:aws:logs:${snapshot.region}:${this.#cloud.accountId}:log-group:${logGroupName}:log-stream:${name}`;
    let queue = this.#cloud
      .authorise(principal, { action: 'logs:PutLogEvents', resource: arn })
      .then(({ allowed, message }) => {
        if (!allowed) this.#report(snapshot.functionName, message);
        return allowed;
      });
    const write = (text: string, time: Date) => {
      queue = queue.then((allowed) => {
        if (allowed) logs.write(snapshot.region, { group: logGroupName, stream: name, text, time });
        return allowed;
      });
    };
    return { name, write };
  }

  #report(functionName: string, message: string): void {
    if (this.#reported.has(functionName)) return;
    this.#reported.add(functionName);
    this.#cloud.log(`${functionName} writes no logs: ${message}`);
  }
}
