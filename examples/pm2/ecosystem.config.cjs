// Four copies of sls-syslog under pm2: `pm2 start ecosystem.config.cjs`. README.md beside it says more.
module.exports = {
  apps: [
    {
      name: 'sls-syslog',
      script: 'sls-syslog', // found on the PATH, where `npm install --global sls-syslog` puts it
      args: ['run', '--config', '/etc/sls-syslog.yaml'],

      // As many as there are shards at most; the rest would be standbys. pm2 numbers them in NODE_APP_INSTANCE and
      // keeps the numbers over restarts, so each comes back under its consumer name, <group>-<host>-<number>, and has
      // its shards back with its first heartbeat. Do not rename that variable (`instance_var`).
      instances: 4,

      // Not `cluster`: on a reload pm2 then starts the new process before it stops the old one, two under one
      // consumer name that send everything twice. There is also no port to share, and the log, which is written to
      // stderr directly, would end up in pm2's own. In fork mode a reload stops one and starts it again, then the next.
      exec_mode: 'fork',

      // Ready: connected to the receiver and a member of the group. A reload goes on to the next copy then, or after
      // listen_timeout (a receiver that is down).
      wait_ready: true,
      listen_timeout: 30_000,

      // pm2 sends SIGINT, which drains, and SIGKILL after this: more than --drain-timeout (20 s) and twice the 3 s
      // that it takes to give up.
      kill_timeout: 30_000,
      treekill: false, // there are no child processes to look for

      // Always restarted, at first soon, at last every 15 s; but not when the configuration is wrong (exit code 2).
      // (Never put 0 there: to pm2, a process that was killed has ended with 0.)
      exp_backoff_restart_delay: 500,
      stop_exit_codes: [2],

      // One line of JSON for each event, `pid` says whose. pm2 adds nothing as long as `time`, `log_date_format` and
      // `log_type` are not set.
      env: { SLS_SYSLOG_LOG_FORMAT: 'json' },
      merge_logs: true,
    },
  ],
};
