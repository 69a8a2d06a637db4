import type { Cors } from '../../environments/http-payload.ts';

export interface Integration {
  readonly id: string;
  readonly functionArn: string;
  readonly uri: string;
  readonly description?: string;
  readonly timeoutMilliseconds: number;
}

export interface Route {
  readonly id: string;
  /** `GET /items/{id}`, `ANY /{proxy+}` or `$default`. */
  readonly key: string;
  readonly integrationId: string;
  readonly operationName?: string;
}

/** Routes and integrations as they were at a moment, for stages that do not follow every change. */
export interface Deployment {
  readonly id: string;
  readonly createdDate: Date;
  readonly description?: string;
  readonly routes: readonly Route[];
  readonly integrations: ReadonlyMap<string, Integration>;
}

export interface Stage {
  readonly name: string;
  autoDeploy: boolean;
  variables: Readonly<Record<string, string>>;
  deployment: Deployment | undefined;
  description: string | undefined;
  readonly createdDate: Date;
  lastUpdatedDate: Date;
}

export interface Api {
  readonly id: string;
  readonly region: string;
  name: string;
  description?: string;
  cors?: Cors | undefined;
  readonly createdDate: Date;
  readonly integrations: Map<string, Integration>;
  readonly routes: Map<string, Route>;
  readonly stages: Map<string, Stage>;
  readonly deployments: Map<string, Deployment>;
  readonly tags: Map<string, string>;
}

export class ApiState {
  readonly #apis = new Map<string, Api>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  newId(length = 10): string {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
    return Array.from({ length }, () => letters[Math.floor(this.#random() * letters.length)]).join('');
  }

  add(api: Api): void {
    this.#apis.set(api.id, api);
  }

  find(id: string): Api | undefined {
    return this.#apis.get(id);
  }

  list(region: string): Api[] {
    return [...this.#apis.values()].filter((api) => api.region === region);
  }

  remove(api: Api): void {
    this.#apis.delete(api.id);
  }

  clear(): void {
    this.#apis.clear();
  }
}
