// Runs first on each page. A proxy that does not pass on what it was asked for would leave the page blank: say what it has to pass.
(asked) => {
  const path = decodeURI(location.pathname);
  if (asked.path === `${path}/`) return location.replace(`${location.pathname}/${location.search}`);
  const host = (name, scheme) => new URL(`${scheme}://${name}`).host; // without the scheme's own port
  const scheme = location.protocol.slice(0, -1);
  const base = path.slice(0, path.length - asked.path.length) || path.split("/").slice(0, 2).join("/");
  let fault = "";
  if (host(asked.host, scheme) !== location.host)
    fault =
      `The proxy in front of this server asks it for ${asked.host} and not for ${location.host}: ` +
      "let it pass the name and the port on as Host (nginx: proxy_set_header Host $http_host;).";
  else if (asked.path !== path)
    fault =
      `This server is asked for ${asked.path} where the browser asked for ${path}: ` +
      `start it with --root-path ${base}, or let the proxy send X-Forwarded-Prefix: ${base}.`;
  else if (asked.scheme !== scheme)
    fault =
      `The proxy in front of this server does not tell it that the page was asked for by ${scheme}: ` +
      "let it send X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme;), " +
      "and start the server with --trusted-proxy ADDRESS unless the proxy is on the same machine.";
  if (!fault) return;
  window.stop();
  document.documentElement.innerHTML = "<head></head><body><p role='alert'></p></body>";
  document.title = "The proxy's settings";
  document.querySelector("p").textContent = fault;
}
