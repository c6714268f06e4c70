// resolve NAME prints the IPv4 address that the C library finds for a name.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  char address[INET_ADDRSTRLEN];
  int problem = getaddrinfo(argv[argc - 1], NULL, &hints, &found);
  if (problem) {
    puts(gai_strerror(problem));
    return 1;
  }
  puts(inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, address, sizeof address));
  return 0;
}
