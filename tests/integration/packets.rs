//! Packet loss for real: in network namespaces with nftables, a drop, a reset, an ICMP rejection and a missing route
//! are told apart. Needs root, iproute2 and nftables; nothing leaves the machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, Stop, connect};

use crate::common::skip;

/// What tells the second run of this binary, inside the namespace, what it is for.
const INSIDE: &str = "RUNGATE_TEST_INSIDE_NETNS";

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(5) };
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// Two namespaces with a cable between them, gone when dropped.
struct Cable {
    client: String,
    server: String,
}

impl Cable {
    fn lay() -> Result<Self, String> {
        let id = std::process::id();
        let cable = Self { client: format!("rg-c-{id}"), server: format!("rg-s-{id}") };
        let (client, server) = (cable.client.as_str(), cable.server.as_str());
        ip(&["netns", "add", client])?;
        ip(&["netns", "add", server])?;
        ip(&["link", "add", "c0", "netns", client, "type", "veth", "peer", "name", "s0", "netns", server])?;
        for (space, link, address) in [(client, "c0", "10.99.0.1/29"), (server, "s0", "10.99.0.2/29")] {
            ip(&["-n", space, "address", "add", address, "dev", link])?;
            ip(&["-n", space, "link", "set", link, "up"])?;
            ip(&["-n", space, "link", "set", "lo", "up"])?;
        }
        // Rules of the host that drops, and a route that leads nowhere.
        let rules = "add table inet t; add chain inet t in { type filter hook input priority 0; }; \
            add rule inet t in tcp dport 5001 drop; \
            add rule inet t in tcp dport 5002 reject with tcp reset; \
            add rule inet t in tcp dport 5003 reject with icmp type host-unreachable; \
            add rule inet t in tcp dport 5004 reject with icmp type net-unreachable; \
            add rule inet t in tcp dport 5005 reject with icmp type admin-prohibited; \
            add rule inet t in tcp dport 5006 reject with icmp type port-unreachable";
        run(Command::new("ip").args(["netns", "exec", server, "nft"]).arg(rules))?;
        ip(&["-n", client, "route", "add", "prohibit", "10.98.0.0/16"])?;
        Ok(cable)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for space in [&self.client, &self.server] {
            drop(Command::new("ip").args(["netns", "del", space]).output());
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run(Command::new("ip").args(arguments))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let why = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    if output.status.success() { Ok(()) } else { Err(why()) }
}

#[test]
fn ways_of_losing_a_packet_are_told_apart() {
    let cable = match Cable::lay() {
        Ok(cable) => cable,
        Err(why) => return skip(&format!("no network namespaces with nftables here: {why}")),
    };
    let output = Command::new("ip")
        .args(["netns", "exec", &cable.client])
        .arg(std::env::current_exe().unwrap())
        .args(["packets::inside", "--exact", "--include-ignored", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("10.99.0.2:5001"), "it did not run: {said}");
}

/// The client's side, in its namespace.
#[tokio::test]
#[ignore = "runs inside the namespace that the test above lays"]
async fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return skip("only inside the namespace");
    }
    let at = |address: Ipv4Addr, port: u16| SocketAddr::new(IpAddr::V4(address), port);
    for (what, address, expected, error) in [
        ("dropped", at(SERVER, 5001), "timed-out", None),
        ("reset by a rule", at(SERVER, 5002), "refused", None),
        ("ICMP: no such host", at(SERVER, 5003), "unreachable", Some("EHOSTUNREACH")),
        ("ICMP: no such network", at(SERVER, 5004), "unreachable", Some("ENETUNREACH")),
        ("ICMP: prohibited", at(SERVER, 5005), "unreachable", Some("EHOSTUNREACH")),
        ("ICMP: no such port", at(SERVER, 5006), "refused", None),
        ("nothing listens", at(SERVER, 5432), "refused", None),
        (
            "nobody has the address",
            at(Ipv4Addr::new(10, 99, 0, 5), 5432),
            "unreachable",
            Some("EHOSTUNREACH"),
        ),
        ("no route", at(Ipv4Addr::new(10, 97, 0, 1), 5432), "unreachable", Some("ENETUNREACH")),
        ("a route that prohibits", at(Ipv4Addr::new(10, 98, 0, 1), 5432), "unreachable", Some("EACCES")),
    ] {
        let end = connect(&System, "service", &[address], BOUNDS).await;
        let Err(Stop::Found(finding)) = end else { panic!("{what}: {end:?}") };
        let seen = serde_json::to_value(&finding).unwrap();
        println!("{what:<24} {address:<18} {finding}");
        assert_eq!(seen["kind"], expected, "{what}: {finding}");
        assert_eq!(seen["error"].as_str(), error, "{what}: {finding}");
    }
}
