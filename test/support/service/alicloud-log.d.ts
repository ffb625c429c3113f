/** The parts of `@alicloud/log` (it comes without types) that the tests use. */
declare module '@alicloud/log' {
  interface ClientConfig {
    accessKeyId: string;
    accessKeySecret: string;
    securityToken?: string;
    endpoint: string;
  }

  interface LogToPut {
    /** Unix seconds. */
    timestamp: number;
    timestampNsPart?: number;
    content: Record<string, string>;
  }

  class Client {
    constructor(config: ClientConfig);
    postLogStoreLogs(
      project: string,
      logstore: string,
      data: { logs: LogToPut[]; tags?: Record<string, string>[]; topic?: string; source?: string },
    ): Promise<unknown>;
    listLogStore(project: string): Promise<{ count: number; logstores: string[] }>;
    getLogStore(project: string, logstore: string): Promise<{ logstoreName: string; shardCount: number }>;
    createLogStore(project: string, logstore: string, data: { ttl: number; shardCount: number }): Promise<unknown>;
  }

  export = Client;
}
